import { TestBed } from '@angular/core/testing';

import type { StepStory } from './story';
import { Timeline } from './timeline';

const story = (name: string, from: number, to: number | undefined): StepStory => ({
  ...{ from, to, input: undefined, output: undefined, tries: [] },
  step: {
    name,
    type: 'Task',
    status: to === undefined ? 'running' : 'succeeded',
    failures: 0,
    entered: from,
  },
});

describe('the timeline', () => {
  it('lays each step on the time of all of them; what runs grows', async () => {
    const fixture = TestBed.createComponent(Timeline);
    fixture.componentRef.setInput('stories', [story('A', 1000, 2000), story('B', 2000, undefined)]);
    fixture.componentRef.setInput('now', 5000);
    await fixture.whenStable();
    const element = fixture.nativeElement as HTMLElement;
    const bars = () =>
      [...element.querySelectorAll<HTMLElement>('.time-bar')].map((bar) => [
        bar.style.insetInlineStart,
        bar.style.inlineSize,
      ]);
    expect(bars()).toEqual([
      ['0%', '25%'],
      ['25%', '75%'],
    ]);
    fixture.componentRef.setInput('now', 11_000);
    await fixture.whenStable();
    expect(bars()[1]).toEqual(['10%', '90%']);
    (element.querySelector('button') as HTMLButtonElement).click();
    expect(fixture.componentInstance.chosen()).toBe('A');
  });
});
