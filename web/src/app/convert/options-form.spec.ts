import { TestBed } from '@angular/core/testing';

import type { Recipe } from '../api/answers';
import { OptionsForm, choices, chosen } from './options-form';

const schema = {
  type: 'object',
  properties: {
    level: { type: 'string', enum: ['fast', 'best'], description: 'How much work.' },
    bits: { type: 'integer', enum: [16, 24] },
    track: { type: 'integer', minimum: 1, maximum: 999 },
    keepGoing: { type: 'boolean' },
    interval: { type: 'number', minimum: 0.1 },
  },
};

describe('options', () => {
  it('are read off the schema', () => {
    const read = choices(schema).map(({ label, kind, values, least, step }) => [
      label,
      kind,
      values,
      least,
      step,
    ]);
    expect(read).toEqual([
      ['Level', 'choice', ['fast', 'best'], null, 1],
      ['Bits', 'choice', [16, 24], null, 1],
      ['Track', 'number', [], 1, 1],
      ['Keep going', 'switch', [], null, 1],
      ['Interval', 'number', [], 0.1, 'any'],
    ]);
    expect(choices({ type: 'object' })).toEqual([]);
  });

  it('are said with their own type, and unsaid', () => {
    const [level, bits, track, keepGoing] = choices(schema);
    expect(chosen({}, bits!, '24')).toEqual({ bits: 24 });
    expect(chosen({ bits: 24 }, track!, '3')).toEqual({ bits: 24, track: 3 });
    expect(chosen({ bits: 24, level: 'best' }, level!, '')).toEqual({ bits: 24 });
    expect(chosen({}, keepGoing!, true)).toEqual({ keepGoing: true });
    expect(chosen({ keepGoing: true }, keepGoing!, false)).toEqual({});
  });

  it('come out of the form as they are chosen', async () => {
    const fixture = TestBed.createComponent(OptionsForm);
    const recipe = { name: 'flac', title: 'Sound', options: schema } as unknown as Recipe;
    fixture.componentRef.setInput('recipe', recipe);
    fixture.componentRef.setInput('options', {});
    const said: unknown[] = [];
    fixture.componentInstance.said.subscribe((options) => said.push(options));
    await fixture.whenStable();
    const [level] = fixture.nativeElement.querySelectorAll('select') as HTMLSelectElement[];
    level!.value = 'best';
    level!.dispatchEvent(new Event('change'));
    (fixture.nativeElement.querySelector('[type=checkbox]') as HTMLInputElement).click();
    expect(said).toEqual([{ level: 'best' }, { keepGoing: true }]);
  });
});
