import { fileURLToPath } from 'node:url';
import { type ServiceProcess, startServiceProcess } from '../../cli/service-process.ts';

export type CollectorProcess = {
  readonly url: string;
  readonly process: ServiceProcess;
  /** POSTs JSON and gives the status, how long it took, and the answer. */
  post(
    path: string,
    body: unknown,
  ): Promise<{ status: number; ms: number; retryAfter: string | null; body: string }>;
};

/** The collector as its own process on a free port, ready. Its log goes to the test's error output. */
export async function startCollectorProcess(
  env: Readonly<Record<string, string>>,
): Promise<CollectorProcess> {
  const process_ = startServiceProcess({
    main: fileURLToPath(new URL('../../services/collector/main.ts', import.meta.url)),
    env: { ...process.env, CAIRN_HTTP_PORT: '0', CAIRN_LOG_LEVEL: 'error', ...env },
    onLine: (line) => process.stderr.write(`${line}\n`),
  });
  const died = process_.exited.then(({ code, signal }) => {
    throw new Error(`Cannot start the collector: it ended with ${code ?? signal}`);
  });
  const url = await Promise.race([process_.ready, died]);
  died.catch(() => undefined);
  return {
    url,
    process: process_,
    async post(path, body) {
      const startedMs = performance.now();
      const response = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
      return {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        body: await response.text(),
        ms: performance.now() - startedMs,
      };
    },
  };
}
