/**
 * What the clients know: each event they sent, and whether it was acknowledged. It knows nothing of the pipeline,
 * so it can judge it.
 */
export type SentEvent = {
  /** Unique in the campaign; the event carries it as property `n`. */
  readonly n: number;
  readonly name: string;
  /** Anonymous id of the device, or the canonical id of the identity that a server named. */
  readonly deviceId: number;
  /** Who it belongs to, as far as this event alone tells: an identity, or undefined. */
  readonly identity: string | undefined;
  /** `web`, `ios` or `server`. */
  readonly source: string;
  /** The client's own session; undefined where it sent none. */
  readonly sessionId: number | undefined;
  acknowledged: boolean;
};

/** A property change: it has no idempotency key, so sent again it may be there twice, and changes nothing. */
export type SentChange = { readonly n: number; readonly deviceId: number; acknowledged: boolean };

export type SentIdentify = { readonly deviceId: number; readonly identity: string; acknowledged: boolean };

export class Ledger {
  readonly events = new Map<number, SentEvent>();
  readonly changes = new Map<number, SentChange>();
  readonly identifies: SentIdentify[] = [];
  #lastNumber = 0;

  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /** Acknowledged events, and those that got no answer, or 503, and were not sent again. */
  totals(): { acknowledged: number; uncertain: number } {
    const acknowledged = this.events.values().reduce((sum, event) => sum + Number(event.acknowledged), 0);
    return { acknowledged, uncertain: this.events.size - acknowledged };
  }
}
