// Short names for what the API sends, all of them taken from the generated document (`schema.ts`).
import type { components } from './schema';

export type Session = components['schemas']['Session'];
export type SessionList = components['schemas']['SessionList'];
export type Output = components['schemas']['Output'];
export type Progress = components['schemas']['Progress'];
export type Problem = components['schemas']['Problem'];
export type Recipe = components['schemas']['RecipeDescription'];
export type RecipeName = components['schemas']['Recipe'];
export type NewSession = components['schemas']['NewSession'];
export type Created = components['schemas']['Created'];
export type Upload = components['schemas']['Upload'];
export type History = components['schemas']['History'];
export type Execution = components['schemas']['Execution'];
export type Step = components['schemas']['Step'];
export type State = components['schemas']['State'];
export type Stage = components['schemas']['Stage'];
export type SessionEvent = components['schemas']['Event'];
