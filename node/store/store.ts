/** One change of an atomic batch; `value: null` deletes. */
export interface StoreChange {
  key: string
  value: Uint8Array | null
}

/**
 * The node's durable memory: text keys in code-unit order, byte values.
 * `write` is atomic and on disk (fsync) when it resolves; calls are applied in the order made.
 */
export interface Store {
  write(changes: readonly StoreChange[]): Promise<void>
  get(key: string): Promise<Uint8Array | null>
  /** The values of several keys, in their order. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | null)[]>
  /** Entries whose key starts with `prefix`, ascending by key (`reverse`: descending), from key `from` on if given, at most `limit`. */
  range(prefix: string, options?: { from?: string; reverse?: boolean; limit?: number }): AsyncIterable<[string, Uint8Array]>
  close(): Promise<void>
}
