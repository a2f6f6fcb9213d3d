import {
  type ServiceEvents,
  type ServiceSpec,
  type ServiceState,
  SupervisedService,
} from './supervised-service.ts';

export type { ServiceSpec, ServiceState } from './supervised-service.ts';

export type SupervisorEvents = Omit<ServiceEvents, 'onChange'> & {
  /** A service started, became ready or died; the states are those of all services. */
  onChange(states: readonly ServiceState[]): void;
};

export type Supervisor = {
  states(): ServiceState[];
  /** Rejects when a service cannot run at all. */
  readonly failed: Promise<never>;
  /** Stops the services one after another, in the order they were given in. */
  stop(): Promise<void>;
};

/**
 * Starts the services and resolves when all are ready. Throws ConfigError, with everything stopped,
 * where one of them exits with 78, and the signal's reason where it is aborted first.
 */
export async function startSupervisor(
  specs: readonly ServiceSpec[],
  events: SupervisorEvents,
  signal: AbortSignal,
): Promise<Supervisor> {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const states = () => services.map((service) => service.state());
  const ownEvents = { ...events, onChange: () => events.onChange(states()) };
  const services = specs.map((spec) => new SupervisedService(spec, ownEvents, failure.reject));
  const stop = async () => {
    for (const service of services) await service.stop();
  };
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    signal.throwIfAborted();
    const started = Promise.all(services.map((service) => service.start()));
    await Promise.race([started, failure.promise, aborted.promise]);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return { states, failed: failure.promise, stop };
}
