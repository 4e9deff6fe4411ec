// The binary that was built, started on a folder and ports of its own, stopped and started as a test wants it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = process.env['LOCKGATE'] ?? resolve('../target/debug/lockgate');

/** Patience is short, so that what was lost is found within the test. */
const PATIENCE = 'sweep-every = 0.1\ndebt = 0.3\ncheckup = 1\nupload-check = 0.5\n';

export class Server {
  url = '';
  /** Where the first admin sets a password, where there are accounts. */
  invitation: string | undefined;
  private child: ChildProcess | undefined;
  private ports = { api: '0', s3: '0' };

  private constructor(readonly folder: string) {}

  static async start(patience = '', environment: NodeJS.ProcessEnv = {}, more = ''): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), 'lockgate-e2e-')));
    await writeFile(join(server.folder, 'lockgate.toml'), `${more}[patience]\n${PATIENCE}${patience}`);
    await server.run(environment);
    return server;
  }

  /** Starts it, again under the same addresses if it ran before. */
  async run(environment: NodeJS.ProcessEnv = {}): Promise<void> {
    const { api, s3 } = this.ports;
    const where = [
      '--listen',
      `127.0.0.1:${api}`,
      '--s3-listen',
      `127.0.0.1:${s3}`,
      '--data',
      this.folder,
      '--json',
    ];
    const child = spawn(PROGRAM, ['serve', ...where], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.child = child;
    const [line] = (await Promise.race([
      once(child),
      new Promise<never>((_, reject) =>
        child.once('exit', (code) => reject(new Error(`lockgate ended with ${code}`))),
      ),
    ])) as [string];
    const ready = JSON.parse(line) as { url: string; invitation?: string };
    this.url = ready.url;
    this.invitation = ready.invitation ?? undefined;
    this.ports.api = new URL(this.url).port;
    if (this.ports.s3 === '0') this.ports.s3 = await this.storePort();
  }

  /** kill -9 */
  async kill(): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Where files are sent, as the policy of every answer says. */
  private async storePort(): Promise<string> {
    const policy = (await fetch(`${this.url}/healthz`)).headers.get('content-security-policy') ?? '';
    const origin = /connect-src 'self' ([^;\s]+)/.exec(policy)?.[1];
    if (!origin) throw new Error(`no store in ${policy}`);
    return new URL(origin).port;
  }
}

async function once(child: ChildProcess): Promise<[string]> {
  for await (const line of createInterface({ input: child.stdout! })) return [line];
  throw new Error('lockgate said nothing');
}
