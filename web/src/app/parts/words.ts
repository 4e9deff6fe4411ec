// Numbers, times and the API's words as people read them.
import type { SessionEvent, Stage, State } from '../api/answers';

const LOCALE = 'en';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytes(count: number): string {
  let [value, unit] = [count, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  const text = new Intl.NumberFormat(LOCALE, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${text.format(value)}\u00a0${UNITS[unit]}`;
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${new Intl.NumberFormat(LOCALE).format(value)}\u00a0${value === 1 ? one : many}`;
}

export function number(value: number): string {
  return new Intl.NumberFormat(LOCALE).format(value);
}

export function percent(value: number): string {
  return new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 0 }).format(
    Math.floor(value) / 100,
  );
}

/** How fast work on a film goes. */
export function frames(perSecond: number): string {
  const digits = perSecond < 10 ? 1 : 0;
  const text = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: digits }).format(perSecond);
  return `${text}\u00a0${text === '1' ? 'frame' : 'frames'} a second`;
}

/** 42 ms, 1.5 s, 12 s, 3 min 20 s, 1 h 5 min */
export function span(millis: number): string {
  const seconds = Math.max(0, millis) / 1000;
  if (seconds < 1) return `${Math.round(millis)}\u00a0ms`;
  if (seconds < 10) return `${seconds.toFixed(1)}\u00a0s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}\u00a0s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}\u00a0min ${whole % 60}\u00a0s`;
  return `${Math.floor(whole / 3600)}\u00a0h ${Math.round((whole % 3600) / 60)}\u00a0min`;
}

/** 3:07, 1:02:03: a place in a recording. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export function moment(time: string | number | Date): string {
  return new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(time));
}

export function dayAndTime(time: string): string {
  const at = new Date(time);
  const today = new Date().toDateString() === at.toDateString();
  const style = today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' };
  return new Intl.DateTimeFormat(LOCALE, style as Intl.DateTimeFormatOptions).format(at);
}

export const STATES: Record<State, { word: string; tone: 'wait' | 'run' | 'ok' | 'bad' }> = {
  NotUploaded: { word: 'Waiting for file', tone: 'wait' },
  ReadyToXcode: { word: 'Ready', tone: 'wait' },
  Transcoding: { word: 'Transcoding', tone: 'run' },
  Done: { word: 'Done', tone: 'ok' },
  Failed: { word: 'Failed', tone: 'bad' },
};

export const STAGES: Record<Stage, string> = {
  queued: 'Waiting for its turn',
  probing: 'Looking at the file',
  working: 'Converting',
  verifying: 'Reading the result back',
};

export const EVENTS: Record<SessionEvent, string> = {
  UploadConfirmed: 'File arrived',
  UploadRejected: 'File refused',
  Expired: 'Expired',
  TranscodeStarted: 'Transcoding started',
  TranscodeSucceeded: 'Results verified',
  TranscodeFailed: 'Transcoding failed',
  Cancelled: 'Cancelled',
  Redriven: 'Redriven',
};

/** What a media type is called in plain words. */
export function kindOf(contentType: string): string {
  const [family, kind = ''] = contentType.split(';')[0]!.trim().toLowerCase().split('/');
  const names: Record<string, string> = {
    'audio/flac': 'FLAC',
    'application/zip': 'Zip',
    'application/json': 'JSON',
    'text/vtt': 'WebVTT captions',
    'application/x-subrip': 'SRT captions',
  };
  return names[`${family}/${kind}`] ?? kind.replace(/^(x-|vnd\.)/, '').toUpperCase();
}
