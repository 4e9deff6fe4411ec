// What this server allows, for admins: changed while it runs, by whoever comes first. What is typed here survives that
// somebody else was quicker, and what was saved can be put back.
import { Component, computed, inject, signal } from '@angular/core';

import type { Allowance, FlagSet, Flags, RecipeFlags } from '../api/answers';
import { attempt, call, type Failure } from '../api/call';
import { Recipes } from '../convert/recipes';
import { Alert } from '../parts/alert';
import { Heading } from '../parts/heading';
import { KeepsFocus } from '../parts/keeps-focus';
import { count } from '../parts/words';
import { Account } from '../people/account';
import { AllowanceFields } from './allowance-fields';
import { changes, merged, said, type Change } from './flag-set';
import { RecipeFields } from './recipe-fields';
import { checked, number, text } from './typed';

/** What was done, and what it was before, to be put back. */
interface Told {
  words: string;
  changes: Change[];
  before?: FlagSet;
}

/** So many changes are named, so that what was saved does not hide what is typed next. */
const SHOWN = 3;

@Component({
  selector: 'lg-flags-page',
  imports: [Alert, AllowanceFields, Heading, KeepsFocus, RecipeFields],
  host: { class: 'page', '(window:beforeunload)': 'leaving($event)' },
  templateUrl: './flags-page.html',
})
export class FlagsPage {
  protected readonly SHOWN = SHOWN;
  protected readonly count = count;
  protected readonly number = number;
  protected readonly text = text;
  protected readonly checked = checked;

  private readonly account = inject(Account);
  protected readonly recipes = inject(Recipes);
  /** Whom there are to choose from, where there are accounts. */
  protected readonly users = signal<string[]>([]);
  /** As the server has them, as far as it is known here. */
  protected readonly read = signal<Flags | undefined>(undefined);
  /** As they are to be. */
  protected readonly draft = signal<FlagSet>({});
  protected readonly failed = signal<Failure | undefined>(undefined);
  protected readonly told = signal<Told | undefined>(undefined);
  protected readonly doing = signal(false);

  protected readonly pending = computed(() => changes(this.read()?.flags ?? {}, this.draft()));
  protected readonly conflict = computed(() => this.failed()?.problem?.type === '/problems/flags-changed');
  protected readonly everyone = computed(() => this.draft().users?.everyone ?? {});
  protected readonly named = computed(() =>
    Object.entries(this.draft().users?.named ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)),
  );

  constructor() {
    void attempt(this.failed, async () => {
      this.drop(await this.ask());
      if (this.account.keepsUsers) await this.askUsers();
    });
  }

  /** For another place of the page. */
  mayLeave(): boolean {
    return !this.pending().length || confirm('Leave, and lose what is not saved yet?');
  }

  /** For another page, or none. */
  protected leaving(event: BeforeUnloadEvent): void {
    if (this.pending().length) event.preventDefault();
  }

  protected recipe(name: string): RecipeFlags {
    return this.draft().recipes?.[name] ?? {};
  }

  /** Whether the server has it off. */
  protected isOff(name: string): boolean {
    return this.read()?.flags.recipes?.[name]?.on === false;
  }

  protected sayMaintenance<K extends 'on' | 'reason' | 'retry'>(
    name: K,
    value: NonNullable<FlagSet['maintenance']>[K],
  ): void {
    this.draft.update((flags) => said(flags, 'maintenance', said(flags.maintenance, name, value)));
  }

  protected sayRecipe(name: string, of: RecipeFlags): void {
    this.draft.update((flags) => said(flags, 'recipes', said(flags.recipes, name, of)));
  }

  protected sayEveryone(allowance: Allowance): void {
    this.draft.update((flags) => said(flags, 'users', said(flags.users, 'everyone', allowance)));
  }

  /** Without an allowance, the user has what everyone has. */
  protected sayNamed(name: string, allowance?: Allowance): void {
    this.draft.update((flags) => {
      const named = said(flags.users?.named, name, allowance);
      return said(flags, 'users', said(flags.users, 'named', named));
    });
  }

  protected addNamed(event: Event): void {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const name = String(new FormData(form).get('name')).trim();
    if (!this.draft().users?.named?.[name]) this.sayNamed(name, {});
    form.reset();
  }

  protected async save(event: Event): Promise<void> {
    event.preventDefault();
    const draft = this.draft();
    if (this.pending().length) await this.put(draft, draft, 'Saved');
  }

  protected async putBack(before: FlagSet): Promise<void> {
    await this.put(before, this.read()?.flags ?? {}, 'Put back');
  }

  /** Takes what somebody else has saved, and puts what was typed here onto it. */
  protected async takeTheirs(): Promise<void> {
    await this.once(async () => {
      const theirs = await this.ask();
      const mine = this.read()?.flags ?? {};
      this.told.set({ words: 'Changed by somebody else', changes: changes(mine, theirs.flags) });
      this.draft.update((draft) => merged(mine, draft, theirs.flags));
      this.read.set(theirs);
    });
  }

  protected dropTyped(): void {
    const read = this.read();
    if (read) this.drop(read);
  }

  /** Whatever differs from `base` was typed meanwhile, and stays. */
  private async put(flags: FlagSet, base: FlagSet, words: string): Promise<void> {
    const { flags: before, revision } = this.read()!;
    await this.once(async () => {
      const body = { flags, revision };
      const answer = await call('put', '/api/flags', { body, has: ['flags', 'revision'] });
      this.told.set({ words, changes: changes(before, answer.flags), before });
      this.draft.update((draft) => merged(base, draft, answer.flags));
      this.read.set(answer);
      await this.recipes.again();
    });
  }

  private async once(work: () => Promise<void>): Promise<void> {
    if (this.doing()) return;
    this.doing.set(true);
    this.told.set(undefined);
    await attempt(this.failed, work);
    this.doing.set(false);
  }

  private async ask(): Promise<Flags> {
    const [flags] = await Promise.all([
      call('get', '/api/flags', { has: ['flags', 'revision'] }),
      this.recipes.again(),
    ]);
    return flags;
  }

  private async askUsers(): Promise<void> {
    const { users } = await call('get', '/api/users', { has: ['users'] });
    this.users.set(users.map(({ name }) => name));
  }

  private drop(flags: Flags): void {
    this.read.set(flags);
    this.draft.set(flags.flags);
  }
}
