/** Which rules these are: raised by every change after which the same messages lead to other bytes, or to another verdict. SPEC.md, "Streams". */
export const RULES_VERSION = 1

/** Upper bounds of everything that crosses the wire. Sizes are UTF-16 units for text and bytes for bytes. */
export const LIMITS = {
  /** One gossiped or streamed envelope, and one gossip message, which may carry several. */
  envelopeBytesMax: 1_000_000,
  gossipBytesMax: 1_040_000,
  promptLengthMax: 65_536,
  referenceLengthMax: 200,
  answerLengthMax: 65_536,
  valueLengthMax: 1_000,
  comparisonsMax: 4_000,
  reasonLengthMax: 280,
  modelLengthMax: 100,
  acceptedMax: 256,
  membersMax: 1_000,
  nameLengthMax: 60,
  /** `<round>/<phase>/observation` is the longest. */
  slotLengthMax: 100,
  entriesMax: 64,
  /** A block may embed several opens; they are added while their sum stays below this. */
  blockBytesMax: 800_000,
  gradeDrawsMax: 16,
  shareBlocksMax: 4_096,
  shareChecksMax: 65_536,
  blockUnitsMax: 1_000,
  agentMsMin: 100,
  agentMsMax: 3_600_000,
} as const
