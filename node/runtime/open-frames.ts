import { openFrame, type FrameCode, type Opened, type Verify } from '../../protocol/index.ts'

export interface OpenedReply {
  opened: Opened[]
  /** Why one of the frames was refused, or null. */
  fault: FrameCode | null
}

export interface FrameOpener {
  openAll: (frames: readonly Uint8Array[], from: string) => OpenedReply
  /** The same for long replies, with all signatures checked at once. Where one does not hold, the reply is opened again to see which. */
  openHistory: (frames: readonly Uint8Array[], from: string) => Promise<OpenedReply>
}

/** Opens frames of peers; `count` is told of each that is refused. */
export function createOpener(init: {
  network: string
  verify: Verify
  /** On another thread; absent: like everything else. */
  verifySoon: ((...check: Parameters<Verify>) => Promise<boolean>) | undefined
  count: (code: string, from: string) => void
}): FrameOpener {
  const { network, verify, verifySoon, count } = init
  const openAll = (frames: readonly Uint8Array[], from: string): OpenedReply => {
    let fault: FrameCode | null = null
    const opened = frames.flatMap((bytes) => {
      const result = openFrame(bytes, { network, verify })
      if (result.ok) return [result.opened]
      count((fault = result.code), from)
      return []
    })
    return { opened, fault }
  }
  return {
    openAll,
    async openHistory(frames, from) {
      if (verifySoon === undefined) return openAll(frames, from)
      const checks: Parameters<Verify>[] = []
      const results = frames.map((bytes) => openFrame(bytes, { network, verify: (...check) => checks.push(check) > 0 }))
      const verdicts = await Promise.all(checks.map((check) => verifySoon(...check)))
      const opened = results.flatMap((result) => (result.ok ? [result.opened] : []))
      return opened.length === frames.length && verdicts.every(Boolean) ? { opened, fault: null } : openAll(frames, from)
    },
  }
}
