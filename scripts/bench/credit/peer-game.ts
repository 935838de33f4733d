import { readFileSync } from 'node:fs'
import type { Game } from '../../../credit/index.ts'

/**
 * A game like a round: the answers of a coalition are judged by its own members, points are Borda sums over judges weighed by
 * reputation, and the value is the quality of the answer with most points, the first of equals.
 */
export function peerGame(file: string): Game {
  const { n, quality, reputation, pref } = JSON.parse(readFileSync(file, 'utf8')) as { n: number; quality: number[]; reputation: number[]; pref: number[] }
  const weighed = Float64Array.from(pref, (preference, at) => preference * (reputation[Math.floor(at / (n * n))] as number))
  const walk = () => {
    const inside = new Uint8Array(n)
    // points[a] counts what the judges inside say of a against the answers inside, whether a itself is inside or not.
    const points = new Float64Array(n)
    return {
      flip(player: number) {
        const sign = inside[player] === 0 ? 1 : -1
        inside[player] = 1
        for (let answer = 0; answer < n; answer++) {
          let change = 0
          for (let other = 0; other < n; other++) {
            if (inside[other] === 0) continue
            change += weighed[(player * n + answer) * n + other] as number
            if (other !== player) change += weighed[(other * n + answer) * n + player] as number
          }
          points[answer] = (points[answer] as number) + sign * change
        }
        inside[player] = sign === 1 ? 1 : 0
      },
      value() {
        let best = -1
        for (let answer = 0; answer < n; answer++) {
          if (inside[answer] === 1 && (best === -1 || (points[answer] as number) > (points[best] as number))) best = answer
        }
        return best === -1 ? 0 : (quality[best] as number)
      },
    }
  }
  return {
    players: n,
    walk,
    value(members) {
      const path = walk()
      for (const [player, isIn] of members.entries()) if (isIn === 1) path.flip(player)
      return path.value()
    },
  }
}
