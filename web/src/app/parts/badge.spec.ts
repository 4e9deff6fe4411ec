import { TestBed } from '@angular/core/testing';

import { stateValues } from '../api/schema';
import { Badge } from './badge';

describe('a badge', () => {
  it('says every state of the table in a word of its own', async () => {
    const words = new Set<string>();
    for (const state of stateValues) {
      const fixture = TestBed.createComponent(Badge);
      fixture.componentRef.setInput('state', state);
      await fixture.whenStable();
      words.add((fixture.nativeElement as HTMLElement).textContent!.trim());
      expect((fixture.nativeElement as HTMLElement).querySelector('svg')).not.toBeNull();
    }
    expect(words.size).toBe(stateValues.length);
  });
});
