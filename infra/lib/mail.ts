// Letters: whose name they bear, and of what. None are sent unless somebody says whose name that is, which SES must have
// verified.

export interface Mail {
  /** As it stands in a letter: `Lockgate <lockgate@example.org>`. */
  readonly from: string;
  /** The address of it. */
  readonly address: string;
  /** What is told by letter; all there is, if empty. */
  readonly events: readonly string[];
}

const EVENTS = ['session.done', 'session.failed', 'endpoint.disabled'];

export function readMail(from: string | undefined, events: string | undefined): Mail | undefined {
  if (from === undefined) {
    if (events !== undefined) throw new Error('letters of what has happened take a sender: mailFrom');
    return undefined;
  }
  const found = /^(?:[^<>@]+ <([^<>@\s]+@[^<>@\s]+)>|([^<>@\s]+@[^<>@\s]+))$/.exec(from);
  const address = found?.[1] ?? found?.[2];
  if (address === undefined) throw new Error(`${from} is no sender of letters`);
  const told = events?.split(',') ?? [];
  for (const event of told) if (!EVENTS.includes(event)) throw new Error(`${event} is none of ${EVENTS.join(', ')}`);
  return { from, address, events: told };
}

/** What SES may have verified so that this may be sent: the address, or its domain. */
export const identities = ({ address }: Mail): string[] => [address, address.slice(address.indexOf('@') + 1)];
