import { AssignerProtocol, type PartitionAssigner } from 'kafkajs';

const NAME = 'CairnLoader';

/**
 * Gives all partitions of the single-owner topics to one member, the first by member id, so that what they feed
 * has a single writer, and deals the partitions of the other topics out evenly.
 */
export function loaderAssigner(singleOwnerTopics: readonly string[]): PartitionAssigner {
  return ({ cluster }) => ({
    name: NAME,
    version: 0,
    async assign({ members, topics }) {
      const ids = members.map(({ memberId }) => memberId).sort();
      const assignments = ids.map(() => ({}) as Record<string, number[]>);
      let dealt = 0;
      for (const topic of topics.toSorted()) {
        for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
          const turn = singleOwnerTopics.includes(topic) ? 0 : dealt++ % ids.length;
          const assignment = assignments[turn] as Record<string, number[]>;
          assignment[topic] = [...(assignment[topic] ?? []), partitionId];
        }
      }
      return ids.map((memberId, index) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: 0,
          assignment: assignments[index] as Record<string, number[]>,
          userData: Buffer.alloc(0),
        }),
      }));
    },
    protocol({ topics }) {
      return {
        name: NAME,
        metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
      };
    },
  });
}
