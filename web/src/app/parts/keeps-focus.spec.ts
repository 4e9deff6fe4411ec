import { Component, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';

import { KeepsFocus } from './keeps-focus';

@Component({
  imports: [KeepsFocus],
  template: `
    <div lgKeepsFocus>
      <a href="#x">first</a>
      @if (asks()) {
        <button type="button" data-first>Keep</button>
      }
      @if (there()) {
        <button type="button" id="pressed">Delete</button>
      }
    </div>
    <button type="button" id="elsewhere">Elsewhere</button>
  `,
})
class Host {
  readonly there = signal(true);
  readonly asks = signal(false);
}

describe('what keeps the focus', () => {
  const shown = async () => {
    const fixture = TestBed.createComponent(Host);
    document.body.append(fixture.nativeElement);
    await fixture.whenStable();
    const focus = (id: string) =>
      (fixture.nativeElement as HTMLElement).querySelector<HTMLElement>(`#${id}`)!.focus();
    return { fixture, focus };
  };

  it('gives it to the first thing when its holder goes', async () => {
    const { fixture, focus } = await shown();
    focus('pressed');
    fixture.componentInstance.there.set(false);
    await fixture.whenStable();
    expect(document.activeElement?.textContent).toBe('first');
  });

  it('gives it to what is marked', async () => {
    const { fixture, focus } = await shown();
    focus('pressed');
    fixture.componentInstance.there.set(false);
    fixture.componentInstance.asks.set(true);
    await fixture.whenStable();
    expect(document.activeElement?.textContent).toBe('Keep');
  });

  it('takes it from nobody', async () => {
    const { fixture, focus } = await shown();
    focus('pressed');
    focus('elsewhere');
    fixture.componentInstance.there.set(false);
    await fixture.whenStable();
    expect(document.activeElement?.id).toBe('elsewhere');
    fixture.componentInstance.there.set(true);
    await fixture.whenStable();
    focus('pressed');
    (document.activeElement as HTMLElement | null)?.blur();
    await Promise.resolve();
    fixture.componentInstance.asks.set(true);
    await fixture.whenStable();
    expect(document.activeElement).toBe(document.body);
  });
});
