import { TestBed } from '@angular/core/testing';

import type { Step } from '../../api/answers';
import { StateGraph } from './state-graph';

const definition = {
  StartAt: 'Work',
  States: {
    Work: { Type: 'Task', Next: 'Done', Catch: [{ Next: 'Fail' }] },
    Done: { Type: 'Succeed' },
    Fail: { Type: 'Fail' },
  },
};
const steps = [{ name: 'Work', type: 'Task', status: 'running', failures: 1, entered: 2 }] as Step[];

describe('the state graph', () => {
  const drawn = async () => {
    const fixture = TestBed.createComponent(StateGraph);
    fixture.componentRef.setInput('definition', definition);
    fixture.componentRef.setInput('steps', steps);
    await fixture.whenStable();
    return { fixture, element: fixture.nativeElement as HTMLElement };
  };
  const node = (element: HTMLElement, label: string) => element.querySelector(`[aria-label="${label}"]`)!;

  it('says of every state what became of it, in words', async () => {
    const { element } = await drawn();
    const labels = [...element.querySelectorAll('.node')].map((one) => one.getAttribute('aria-label'));
    expect(labels.sort()).toEqual(['Done, not entered', 'Fail, not entered', 'Work, running']);
    expect(node(element, 'Work, running').textContent).toContain('×1');
  });

  it('lights a way only once it was gone', async () => {
    const { fixture, element } = await drawn();
    expect(element.querySelectorAll('.edge.lit')).toHaveLength(0);
    const done = { name: 'Done', type: 'Succeed', status: 'succeeded', failures: 0, entered: 5 } as Step;
    fixture.componentRef.setInput('steps', [{ ...steps[0]!, status: 'succeeded' }, done]);
    await fixture.whenStable();
    expect(element.querySelectorAll('.edge.lit')).toHaveLength(1);
  });

  it('is chosen from by key, and unchosen', async () => {
    const { fixture, element } = await drawn();
    const key = (name: string) =>
      node(element, 'Work, running').dispatchEvent(new KeyboardEvent('keydown', { key: name }));
    key('Enter');
    expect(fixture.componentInstance.chosen()).toBe('Work');
    key(' ');
    expect(fixture.componentInstance.chosen()).toBeUndefined();
  });
});
