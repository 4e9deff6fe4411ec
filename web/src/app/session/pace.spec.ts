import { TestBed } from '@angular/core/testing';

import type { Session } from '../api/answers';
import { Pace } from './pace';

async function shown(more: Partial<Session>) {
  const session = { attempt: 1, progress: 40, stage: 'working', ...more } as Session;
  const fixture = TestBed.createComponent(Pace);
  fixture.componentRef.setInput('session', session);
  await fixture.whenStable();
  return (fixture.nativeElement as HTMLElement).textContent!.replace(/\s+/g, ' ');
}

describe('how far it is', () => {
  it('says how fast a film goes, and how long whoever makes it thinks it takes', async () => {
    const words = await shown({ pace: { fps: 47.6, etaSeconds: 30 } });
    expect(words).toContain('48 frames a second · 25–35 s left');
  });

  it('says no more than is told', async () => {
    expect(await shown({ pace: { fps: 1 } })).toContain('1 frame a second ');
    expect(await shown({ pace: { fps: 2.34 } })).toContain('2.3 frames a second');
    for (const more of [{}, { pace: { fps: 0, etaSeconds: 0 } }]) {
      const words = await shown(more);
      expect(words).not.toContain('frame');
      expect(words).not.toContain('left');
    }
  });
});
