/** npm run attack:credit: members who lie about their share of the credit, and what comes of it. */
import { parseArgs } from 'node:util'
import { ATTACKS, type Attack } from './attack-credit/attacks.ts'
import { playRound } from './attack-credit/exchange.ts'
import { coverage, creditOfWorth, GRADING_ATTACKS, gradeRound, SPREAD, trueWorth, type CreditOfWorth, type GradingAttack } from './attack-credit/grading.ts'
import { createScene, MEMBERS, type Scene } from './attack-credit/scene.ts'
import { parseIntegers, runScript } from './script.ts'

const HELP = `Usage: npm run attack:credit -- [options]
  --rounds N   rounds per attack (default 60)
  --json       one JSON document on stdout
`

/** A bias is within the sampling error if it is below this many standard errors of its mean. */
const ERRORS_MAX = 3
const FOUND_MIN = 0.99
const GRADED_BIAS_MAX = 0.6
const GRADED_ERROR_MAX = 1.3
/** Every grader's own credit is computed of all coalitions, which takes a second for each. */
const COVERAGE_ROUNDS = 10

runScript(HELP, (args) => {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string' }, json: { type: 'boolean' } } })
  const [rounds] = parseIntegers('--rounds', values.rounds ?? '60', 2, 10_000) as [number]
  const scene = createScene('attack')
  const attacks = ATTACKS.map((attack) => measureAttack(scene, attack, rounds))
  const creditOf = creditOfWorth(scene)
  const grading = GRADING_ATTACKS.map((attack) => measureGrading(scene, creditOf, attack, rounds))
  const lying = attacks.filter(({ lies }) => lies > 0)
  const document = {
    schema: 'peerage.attack-credit/v1',
    members: MEMBERS,
    liars: scene.liars.length,
    liarWeight: 0.3,
    rounds,
    attacks,
    /** The least of all attacks; what is proven is proven when the round closes. */
    provenWithin20Rounds: Math.min(1, ...lying.map(({ lies, found }) => found / lies)),
    worstBiasInErrors: Math.max(...attacks.map(({ biasInErrors }) => Math.abs(biasInErrors))),
    grading,
    gradedBiasWorst: Math.max(...grading.map(({ bias }) => Math.abs(bias))),
    gradedErrorHonest: grading[0]?.errorToMean,
    /** Part of credits within two standard errors of the truth, where all grade honestly. */
    gradedCoverage: grading[0]?.coverage,
  }
  const isFine = document.provenWithin20Rounds >= FOUND_MIN && document.worstBiasInErrors <= ERRORS_MAX && document.gradedBiasWorst <= GRADED_BIAS_MAX && (document.gradedErrorHonest ?? 0) <= GRADED_ERROR_MAX
  if (values.json === true) process.stdout.write(`${JSON.stringify(document)}\n`)
  else print(document)
  return isFine ? 0 : 1
})

function measureAttack(scene: Scene, attack: Attack, rounds: number) {
  const outcomes = Array.from({ length: rounds }, (_, round) => playRound(scene, attack, `round/${round}`))
  const truth = (scene.exact.credit[scene.favoured] as number) / scene.exact.denominator
  const bias = meanAndError(outcomes.map(({ credit }) => ((credit.credit[scene.favoured] as number) / credit.denominator - truth) / scene.exact.grandValue))
  const sum = (pick: 'proven' | 'lies' | 'found' | 'copiesCaught' | 'units'): number => outcomes.reduce((total, outcome) => total + outcome[pick], 0)
  return {
    name: attack.name,
    /** Of the favoured member's credit, in parts of v(N). */
    bias: bias.mean,
    biasError: bias.error,
    biasInErrors: bias.error === 0 ? 0 : bias.mean / bias.error,
    liarsProven: sum('proven') / rounds,
    lies: sum('lies'),
    found: sum('found'),
    copiesCaught: sum('copiesCaught'),
    unitsPerRound: sum('units') / rounds,
  }
}

function measureGrading(scene: Scene, creditOf: CreditOfWorth, attack: GradingAttack, rounds: number) {
  const graded = Array.from({ length: rounds }, (_, round) => gradeRound(scene, creditOf, attack, `graded/${round}`))
  const truth = creditOf(trueWorth(scene))
  const biasOf = (pick: 'combined' | 'mean') => meanAndError(graded.map((round) => ((round[pick][scene.favoured] as number) - (truth[scene.favoured] as number)) / SPREAD))
  const errorOf = (pick: 'combined' | 'mean'): number =>
    Math.sqrt(graded.reduce((sum, round) => sum + round[pick].reduce((own, value, player) => own + (value - (truth[player] as number)) ** 2, 0), 0) / graded.length)
  return {
    name: attack.name,
    /** Of the favoured member's credit, in spreads of an honest grade. */
    bias: biasOf('combined').mean,
    biasError: biasOf('combined').error,
    biasOfMean: biasOf('mean').mean,
    errorToMean: errorOf('combined') / errorOf('mean'),
    ...(attack.spreads === 0 && attack.own === 0 ? { coverage: coverage(scene, truth, graded.slice(0, COVERAGE_ROUNDS)) } : {}),
  }
}

function meanAndError(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  return { mean, error: Math.sqrt(variance / values.length) }
}

function print(document: { rounds: number; attacks: ReturnType<typeof measureAttack>[]; grading: ReturnType<typeof measureGrading>[]; gradedCoverage: number | undefined; provenWithin20Rounds: number; worstBiasInErrors: number }): void {
  const percent = (part: number): string => `${(100 * part).toFixed(2)} %`
  console.log(`${MEMBERS} members, liars hold 30 % of the weight, ${document.rounds} rounds per attack; bias of the favoured member in parts of v(N)`)
  console.log(['attack'.padEnd(28), 'bias'.padStart(11), 'std. error'.padStart(11), 'proven'.padStart(8), 'lies'.padStart(6), 'found'.padStart(6), 'units'.padStart(6)].join(' '))
  for (const attack of document.attacks) {
    const cells = [percent(attack.bias).padStart(11), percent(attack.biasError).padStart(11), attack.liarsProven.toFixed(2).padStart(8), String(attack.lies).padStart(6), String(attack.found).padStart(6), attack.unitsPerRound.toFixed(0).padStart(6)]
    console.log([attack.name.padEnd(28), ...cells].join(' '))
  }
  console.log(`blocks with lies that no two honest copies contradict, proven when the round closes: ${percent(document.provenWithin20Rounds)} or more`)
  console.log(`copies of others' shares that were caught: ${document.attacks.reduce((sum, { copiesCaught }) => sum + copiesCaught, 0)}`)
  console.log('\nGraded answers, every member grading; bias of the favoured member in spreads of an honest grade')
  console.log(['attack'.padEnd(34), 'ours'.padStart(8), 'std. error'.padStart(11), 'mean'.padStart(8), 'error to mean'.padStart(14)].join(' '))
  for (const attack of document.grading) {
    console.log([attack.name.padEnd(34), attack.bias.toFixed(3).padStart(8), attack.biasError.toFixed(3).padStart(11), attack.biasOfMean.toFixed(3).padStart(8), attack.errorToMean.toFixed(3).padStart(14)].join(' '))
  }
  console.log(`credits within two standard errors of the truth where all grade honestly: ${percent(document.gradedCoverage ?? 0)}`)
}
