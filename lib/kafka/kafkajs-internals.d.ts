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
