/** The parts of kafkajs's inside that are used here and that its own types leave out. */

declare module 'kafkajs/src/cluster/index.js' {
  import type { KafkaMessage } from 'kafkajs';

  export type PartitionData = {
    partition: number;
    errorCode: number;
    highWatermark: string;
    lastStableOffset: string;
    abortedTransactions: unknown[];
    messages: KafkaMessage[];
  };

  type Broker = {
    fetch(request: {
      isolationLevel: number;
      maxWaitTime: number;
      maxBytes: number;
      topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
    }): Promise<{ responses: { topicName: string; partitions: PartitionData[] }[] }>;
    listOffsets(request: {
      replicaId: number;
      isolationLevel: number;
      topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[];
    }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
  };

  class Cluster {
    constructor(options: Record<string, unknown>);
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    addTargetTopic(topic: string): Promise<void>;
    refreshMetadata(): Promise<void>;
    findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>;
    findTopicPartitionMetadata(topic: string): { partitionId: number }[];
    findBroker(options: { nodeId: string }): Promise<Broker>;
  }
  export default Cluster;
}

declare module 'kafkajs/src/consumer/batch.js' {
  import type { KafkaMessage } from 'kafkajs';
  import type { PartitionData } from 'kafkajs/src/cluster/index.js';

  class Batch {
    constructor(topic: string, fetchedOffset: string, partitionData: PartitionData);
    readonly messages: KafkaMessage[];
    readonly rawMessages: KafkaMessage[];
    isEmptyIncludingFiltered(): boolean;
    lastOffset(): string;
  }
  export default Batch;
}

declare module 'kafkajs/src/loggers/index.js' {
  import type { logCreator } from 'kafkajs';

  type CreateLogger = (options: { level: number; logCreator: logCreator }) => unknown;
  const loggers: { createLogger: CreateLogger };
  export default loggers;
}

declare module 'kafkajs/src/network/socketFactory.js' {
  const createSocketFactory: () => unknown;
  export default createSocketFactory;
}

declare module 'kafkajs/src/consumer/filterAbortedMessages.js' {
  type Message = {
    offset: string;
    key: Buffer | null;
    isControlRecord?: boolean;
    batchContext: { producerId: string; inTransaction: boolean };
  };
  const filter: (input: {
    messages: Message[];
    abortedTransactions: { firstOffset: string; producerId: string }[];
  }) => Message[];
  export default filter;
}

declare module 'kafkajs/src/producer/groupMessagesPerPartition.js' {
  const group: (input: {
    topic: string;
    partitionMetadata: unknown[];
    messages: { partition: number }[];
    partitioner: (input: { message: { partition: number } }) => number;
  }) => Record<string, unknown[]>;
  export default group;
}

declare module 'kafkajs/src/producer/eosManager/index.js' {
  type Broker = Record<string, (request: unknown) => Promise<unknown>>;
  type EosManager = {
    initProducerId(): Promise<void>;
    beginTransaction(): void;
    getSequence(topic: string, partition: number): number;
    updateSequence(topic: string, partition: number, increment: number): void;
    addPartitionsToTransaction(
      topics: { topic: string; partitions: { partition: number }[] }[],
    ): Promise<void>;
    sendOffsets(options: { consumerGroupId: string; topics: unknown[] }): Promise<void>;
    commit(): Promise<void>;
    abort(): Promise<void>;
  };
  const createEosManager: (options: {
    logger: { debug(): void };
    cluster: {
      retry: object;
      refreshMetadataIfNecessary(): Promise<void>;
      findGroupCoordinator(): Promise<Broker>;
      findControllerBroker(): Promise<Broker>;
    };
    transactional: boolean;
    transactionalId?: string;
  }) => EosManager;
  export default createEosManager;
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  class RequestQueue {
    constructor(options: Record<string, unknown>);
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    scheduleCheckPendingRequests(): void;
  }
  export default RequestQueue;
}

declare module 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js' {
  const decodeMessages: (decoder: unknown) => Promise<unknown[]>;
  export default decodeMessages;
}

declare module 'kafkajs/src/protocol/decoder.js' {
  class Decoder {
    constructor(bytes: Buffer);
  }
  export default Decoder;
}

declare module 'kafkajs/src/protocol/encoder.js' {
  class Encoder {
    readonly buffer: Buffer;
    writeInt32(value: number): Encoder;
    writeEncoder(encoder: Encoder): Encoder;
  }
  export default Encoder;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  import type Encoder from 'kafkajs/src/protocol/encoder.js';

  const encode: { RecordBatch(batch: { lastOffsetDelta: number; records: unknown[] }): Promise<Encoder> };
  export default encode;
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  const encode: (record: { offsetDelta: number; value: Buffer }) => unknown;
  export default encode;
}
