import { leastCommonMultiple, type Fractions } from '../../../credit/index.ts'

/**
 * Shapley value of plurality without weights: v(S) is the part of `unit` that the right clusters have among those with
 * most members in S, rounded down; 0 for nobody. By counting coalitions per size and number of tied clusters: polynomial in
 * players, where enumeration is not (29 voters over 10 answers: milliseconds).
 *
 * @param clusters - cluster of equal answers of each player, 0-based and dense
 * @param right - whether a cluster is right
 * @param unit - value of a right pick, a non-negative integer
 */
export function creditOfPlurality(clusters: readonly number[], right: readonly boolean[], unit: number): Fractions {
  const players = clusters.length
  const sizes = right.map((_, cluster) => clusters.filter((own) => own === cluster).length)
  const choose = pascal(players)
  const common = leastCommonMultiple(players)
  const alike = (cluster: number): string => `${sizes[cluster]}/${right[cluster]}`
  const known = new Map<string, bigint>()
  for (const [cluster, size] of sizes.entries()) {
    if (size === 0 || known.has(alike(cluster))) continue
    // Values summed over coalitions of the others by size, with the player and without.
    const joined = sumValues(sizes, right, unit, choose, cluster, true)
    const missed = sumValues(sizes, right, unit, choose, cluster, false)
    let sum = 0n
    for (let others = 0; others < players; others++) {
      const weight = common / (BigInt(players) * at(choose, players - 1, others))
      sum += weight * ((joined[others] ?? 0n) - (missed[others] ?? 0n))
    }
    known.set(alike(cluster), sum)
  }
  return { numerators: clusters.map((cluster) => known.get(alike(cluster)) as bigint), denominator: common }
}

/**
 * Sum of v over the coalitions of everybody but one player of cluster `own`, by their size; with `joined` that player is
 * added to each first.
 */
function sumValues(sizes: readonly number[], right: readonly boolean[], unit: number, choose: readonly (readonly bigint[])[], own: number, joined: boolean): bigint[] {
  const sums: bigint[] = []
  for (let most = 1; most <= Math.max(...sizes); most++) {
    // Ways by how many right and how many wrong clusters have `most` members, and by size: keyed 'right,wrong,size'.
    let ways = new Map<string, bigint>([['0,0,0', 1n]])
    for (const [cluster, size] of sizes.entries()) {
      const shift = joined && cluster === own ? 1 : 0
      const others = cluster === own ? size - 1 : size
      const next = new Map<string, bigint>()
      for (const [key, count] of ways) {
        const [tiedRight, tiedWrong, total] = key.split(',').map(Number) as [number, number, number]
        for (let chosen = 0; chosen <= Math.min(others, most - shift); chosen++) {
          const tied = chosen + shift === most
          const grown = `${tiedRight + (tied && right[cluster] === true ? 1 : 0)},${tiedWrong + (tied && right[cluster] !== true ? 1 : 0)},${total + chosen}`
          next.set(grown, (next.get(grown) ?? 0n) + count * at(choose, others, chosen))
        }
      }
      ways = next
    }
    for (const [key, count] of ways) {
      const [tiedRight, tiedWrong, total] = key.split(',').map(Number) as [number, number, number]
      if (tiedRight === 0) continue
      sums[total] = (sums[total] ?? 0n) + count * BigInt(Math.floor((unit * tiedRight) / (tiedRight + tiedWrong)))
    }
  }
  return sums
}

function pascal(n: number): bigint[][] {
  const rows: bigint[][] = [[1n]]
  for (let row = 1; row <= n; row++) {
    const above = rows[row - 1] as bigint[]
    rows.push(Array.from({ length: row + 1 }, (_, column) => (above[column - 1] ?? 0n) + (above[column] ?? 0n)))
  }
  return rows
}

function at(rows: readonly (readonly bigint[])[], row: number, column: number): bigint {
  return rows[row]?.[column] ?? 0n
}
