import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '../../../cli/demo/random.ts';
import { runCairn } from '../../support/cairn.ts';
import { CampaignStack } from './campaign-stack.ts';
import { Clients } from './clients.ts';
import { judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import { playFault } from './play-fault.ts';
import { describeFault, drawSchedule, type Fault } from './schedule.ts';

const LANES = 24;
const LOADED_WITHIN = '120s';

export type RoundResult = {
  readonly problems: readonly string[];
  readonly acknowledged: number;
  readonly uncertain: number;
};

export type CampaignOptions = { readonly progress: (text: string) => void };

/** One stack that goes through rounds of faults, the clients' ledger of all of them, and the judgement after each. */
export class Campaign {
  readonly stack: CampaignStack;
  readonly #ledger = new Ledger();
  readonly #progress: (text: string) => void;
  readonly #verifyArguments: readonly string[];
  /** What the services logged, a file each; kept where a round failed. */
  readonly logs: string;
  #hasFailed = false;

  private constructor(
    stack: CampaignStack,
    logs: string,
    verifyArguments: readonly string[],
    progress: (text: string) => void,
  ) {
    this.stack = stack;
    this.logs = logs;
    this.#verifyArguments = verifyArguments;
    this.#progress = progress;
  }

  static async start({ progress }: CampaignOptions): Promise<Campaign> {
    const logs = mkdtempSync(join(tmpdir(), 'cairn-soak-'));
    const stack = await CampaignStack.start({
      progress,
      onLine: (instance, line) => appendFileSync(join(logs, `${instance}.log`), `${line}\n`),
    });
    const { stdout: help } = await runCairn(['verify', '--help'], {});
    const fromLog = help.includes('--from-log') ? ['--from-log'] : [];
    return new Campaign(stack, logs, ['verify', '--json', '--timeout', LOADED_WITHIN, ...fromLog], progress);
  }

  /** A round of faults as a seed draws them. */
  async playSeed(seed: string): Promise<RoundResult> {
    const random = createRandom(seed);
    const schedule = drawSchedule(random.fork('schedule'));
    for (const fault of schedule) this.#progress(describeFault(fault));
    return this.playRound(seed, () => this.#play(schedule, seed));
  }

  /** Lets clients send while `harm` is done, heals the stack, and judges. */
  async playRound(seed: string, harm: () => Promise<void>): Promise<RoundResult> {
    const clients = new Clients({
      random: createRandom(seed).fork('clients'),
      ledger: this.#ledger,
      lanes: LANES,
      round: seed,
      urls: () => this.stack.collectorUrls(),
    });
    const problems: string[] = [];
    try {
      await harm();
      await this.stack.heal();
    } catch (error) {
      problems.push((error as Error).message);
    }
    try {
      await clients.stop();
      if (problems.length === 0) problems.push(...(await this.#judge()));
    } catch (error) {
      problems.push((error as Error).message);
    }
    problems.push(...this.stack.complaints);
    this.#hasFailed ||= problems.length > 0;
    return { problems, ...this.#ledger.totals() };
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    if (!this.#hasFailed) rmSync(this.logs, { recursive: true, force: true });
  }

  async #play(schedule: readonly Fault[], seed: string): Promise<void> {
    const startedMs = performance.now();
    await Promise.all(
      schedule.map(async (fault, index) => {
        await pause(Math.max(0, fault.atMs - (performance.now() - startedMs)));
        await playFault(this.stack, fault, createRandom(`${seed} fault ${index}`));
      }),
    );
  }

  async #judge(): Promise<string[]> {
    const { backend } = this.stack;
    const { code, stdout, stderr } = await runCairn(this.#verifyArguments, {
      CAIRN_KAFKA_BROKERS: backend.brokers.join(','),
      CAIRN_CLICKHOUSE_URL: backend.clickhouseUrl,
    });
    const problems = await judge(this.#ledger, backend.clickhouseUrl);
    if (code === 0) return problems;
    const { problems: found = [] } = JSON.parse(stdout || '{}') as { problems?: string[] };
    return [
      ...problems,
      ...(found.length > 0 ? found : [`verify ended with ${code}: ${stderr.slice(-1000)}`]),
    ];
  }
}
