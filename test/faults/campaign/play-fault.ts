import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../../cli/demo/random.ts';
import { type CampaignStack, SERVERS, type Server } from './campaign-stack.ts';
import { strike } from './fault-point.ts';
import type { Fault } from './schedule.ts';
import type { ServiceInstance, ServiceName } from './service-instance.ts';

/** How long a point may take to be come to: an instance with no partitions never does. */
const POINT_WITHIN_MS = 8000;

/** Does what a fault says, and ends it. `random` chooses among the instances there are. */
export async function playFault(stack: CampaignStack, fault: Fault, random: Random): Promise<void> {
  switch (fault.kind) {
    case 'kill':
      if (isServer(fault.target)) await stack.killServer(fault.target);
      else pickInstance(stack, fault.target, random)?.kill();
      return;
    case 'pause':
      await playPause(stack, fault.target, fault.forMs, random);
      return;
    case 'cut':
    case 'refuse':
    case 'freeze':
    case 'delay': {
      const instance = pickInstance(stack, fault.from, random);
      if (instance !== undefined) await playWeather(instance, fault);
      return;
    }
    case 'scale':
      await stack.shrink(fault.service, fault.to);
      while (stack.instances(fault.service).length < fault.to) await stack.add(fault.service);
      return;
    case 'point': {
      const instance = pickInstance(stack, fault.point.service, random);
      if (instance === undefined) return;
      const signal = AbortSignal.timeout(POINT_WITHIN_MS);
      try {
        await strike(stack, instance, fault.point, fault.blow, {
          signal,
          serverDiesAfterMs: fault.serverDiesAfterMs,
        });
      } catch (error) {
        if (error !== signal.reason) throw error;
      }
    }
  }
}

async function playPause(
  stack: CampaignStack,
  target: ServiceName | Server,
  forMs: number,
  random: Random,
): Promise<void> {
  if (isServer(target)) {
    await stack.pauseServer(target);
    await pause(forMs);
    await stack.resumeServer(target);
    return;
  }
  const instance = pickInstance(stack, target, random);
  instance?.pause();
  await pause(forMs);
  instance?.resume();
}

async function playWeather(
  instance: ServiceInstance,
  fault: Extract<Fault, { kind: 'cut' | 'refuse' | 'freeze' | 'delay' }>,
): Promise<void> {
  const proxy = fault.to === 'kafka' ? instance.kafka : instance.clickhouse;
  switch (fault.kind) {
    case 'cut':
      proxy.cutAll();
      return;
    case 'refuse':
      proxy.weather.refuses = true;
      proxy.cutAll();
      break;
    case 'freeze':
      proxy.weather.freeze();
      break;
    case 'delay':
      proxy.weather.delayMs = fault.byMs;
  }
  await pause(fault.forMs);
  proxy.weather.clear();
}

function pickInstance(stack: CampaignStack, name: ServiceName, random: Random): ServiceInstance | undefined {
  const instances = stack.instances(name);
  return instances.length === 0 ? undefined : random.pick(instances);
}

function isServer(target: string): target is Server {
  return SERVERS.some((name) => name === target);
}
