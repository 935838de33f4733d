/** Every bound of the network host, in one place. Units are in the names. */
export const networkLimits = {
  gossipBytesMax: 1024 * 1024,
  /** One gossip frame may carry several messages that a peer asked for. */
  gossipFrameBytesMax: 32 * 1024 * 1024,
  /** What may wait for a peer that reads too slowly; beyond it the link is closed. */
  gossipUnsentBytesMax: 64 * 1024 * 1024,
  /** Recent messages offered to a new neighbour. */
  offeredMessagesMax: 1000,
  validationsInFlightMax: 64,
  validationsQueuedMax: 8192,
  validationsQueuedPerPeerMax: 2048,
  validationQueueBytesMax: 128 * 1024 * 1024,

  requestBytesMax: 1024 * 1024,
  replyFrameBytesMax: 4 * 1024 * 1024,
  replyBytesMax: 32 * 1024 * 1024,
  replyFramesMax: 10_000,
  requestTimeoutMs: 10_000,
  /** How long a peer may take to send its request and to take the reply. */
  serveTimeoutMs: 30_000,
  requestsPerPeerMax: 16,
  requestsWaitingPerPeerMax: 1024,
  /** Above `requestsPerPeerMax`, since a stream that is closing still counts. */
  servedPerConnectionMax: 64,
  servedMax: 256,

  connectionsMax: 300,
  connectionsPendingMax: 256,
  connectionsPerSecondAndIpMax: 256,
  keptAddressesMax: 1024,
  /** Of the addresses that a peer announces, so many are taken. */
  addressesPerPeerMax: 4,
  /** Long, since a handshake on a crowded machine is slow, and one given up late has cost both sides the work. */
  dialTimeoutMs: 15_000,
  dialsInFlightMax: 8,
  redialMsMin: 250,
  redialMsMax: 10_000,
  /** A connection that lived shorter than this counts as a failed dial. */
  stableConnectionMs: 5_000,
  /**
   * The side with the higher id waits this long before it dials, and longer while inbound connections keep coming in, so
   * that two peers do not dial each other at once.
   */
  yieldDialMs: 100,
  yieldDialMsMax: 8_000,
  /** Connections keep coming in as long as one was opened within this time or is being opened. */
  arrivalsQuietMs: 500,

  /** How long a new peer may take to exchange topics before it counts as connected anyway. */
  gossipLinkWaitMs: 500,
  /** And how long its gossip link is watched. */
  gossipLinkWatchMs: 10_000,
  /** Of what a peer says of its program, so much is kept. */
  programLengthMax: 100,
  pingIntervalMs: 10_000,
  pingTimeoutMs: 10_000,
  pingFailuresMax: 3,
} as const
