import { describe, expect, it } from 'vitest'
import { certificatesSince, isPending, receiveCertificate, receiveProposal, receiveVote, resolveProposal, restoreAgreement, setMaterial } from './simplex.ts'
import { agreementOf, certificateOf, fire, FOUR, GENESIS, proposalOf, signed, timersIn, typesIn, voteFor, votesIn } from './test/agreements.ts'
import type { Proposal, SignedVote } from './types.ts'

const NOTHING = { certificates: [], ownVotes: [], ownProposals: [] }

describe('rule 8: timers run only while something is pending', () => {
  it('sets none on an idle network', () => {
    const agreement = agreementOf('a')
    expect(isPending(agreement)).toBe(false)
    expect(setMaterial(agreement, false)).toEqual([])
    expect(timersIn(receiveCertificate(agreement, certificateOf('finalize', 1, 'x')))).toEqual({})
  })

  it('sets them for material, or for a notarized block that is not final, once per view', () => {
    const agreement = agreementOf('a')
    expect(timersIn(setMaterial(agreement, true))).toEqual({ leader: 100, view: 300 })
    expect(timersIn(setMaterial(agreement, true))).toEqual({})
    expect(timersIn(receiveCertificate(agreementOf('a'), certificateOf('notarize', 1, 'x')))).toEqual({ leader: 100, view: 300 })
  })

  it('lets a timer come to nothing where nothing is pending any more, and sets it again when something is', () => {
    const agreement = agreementOf('a')
    setMaterial(agreement, true)
    setMaterial(agreement, false)
    expect(fire(agreement, 'view', 1)).toEqual([])
    expect(timersIn(setMaterial(agreement, true))).toEqual({ leader: 100, view: 300 })
  })

  it('lets the timer of an earlier or later view come to nothing', () => {
    const agreement = agreementOf('a')
    setMaterial(agreement, true)
    receiveCertificate(agreement, certificateOf('nullify', 1))
    expect(fire(agreement, 'view', 1)).toEqual([])
    expect(fire(agreement, 'view', 3)).toEqual([])
  })
})

describe('rule 9: a member that was restarted', () => {
  const proposal = proposalOf(1, 'x', GENESIS)
  const restored = (ownVotes: SignedVote[], ownProposals: Proposal[] = [], self = 'a'): ReturnType<typeof agreementOf> => {
    const agreement = agreementOf(self)
    restoreAgreement(agreement, { ...NOTHING, ownVotes, ownProposals })
    setMaterial(agreement, true)
    return agreement
  }

  it('does not notarize another block in a view it has notarized in', () => {
    const agreement = restored([signed('a', voteFor('notarize', 1, 'x'))])
    receiveProposal(agreement, proposalOf(1, 'y', GENESIS))
    expect(votesIn(resolveProposal(agreement, proposalOf(1, 'y', GENESIS), true))).toEqual([])
  })

  it('does not notarize or finalize in a view it has nullified', () => {
    const agreement = restored([signed('a', voteFor('nullify', 1))])
    expect(receiveProposal(agreement, proposal)).toEqual([])
    expect(votesIn(receiveCertificate(agreement, certificateOf('notarize', 1, 'x', 'bcd')))).toEqual([])
  })

  it('does not nullify a view it has finalized in', () => {
    const agreement = restored([signed('a', voteFor('finalize', 1, 'x'))])
    expect(votesIn(fire(agreement, 'view', 1))).toEqual([])
  })

  it('does not propose again in a view it has proposed in, and can still vote for that block', () => {
    const agreement = agreementOf('b')
    restoreAgreement(agreement, { ...NOTHING, ownProposals: [proposal] })
    const effects = setMaterial(agreement, true)
    expect(typesIn(effects)).not.toContain('propose')
    expect(effects).toContainEqual({ type: 'validate', proposal })
  })

  it('continues in the view its certificates lead to', () => {
    const agreement = agreementOf('a')
    const effects = restoreAgreement(agreement, { ...NOTHING, certificates: [certificateOf('notarize', 1, 'x'), certificateOf('nullify', 2)] })
    expect(agreement.view).toBe(3)
    expect(votesIn(effects)).toEqual([voteFor('finalize', 1, 'x')])
  })

  it('counts its own earlier vote: with one of four dead, three restarted members still certify', () => {
    const agreement = restored([signed('a', voteFor('nullify', 1))])
    receiveVote(agreement, signed('b', voteFor('nullify', 1)))
    receiveVote(agreement, signed('c', voteFor('nullify', 1)))
    expect(agreement.view).toBe(2)
  })

  it('alone in its network, needs nobody to go on from a vote that it had signed', () => {
    const agreement = agreementOf('a', [{ member: 'a', weight: 1 }])
    restoreAgreement(agreement, { ...NOTHING, ownVotes: [signed('a', voteFor('nullify', 1))] })
    expect(agreement.view).toBe(2)
  })

  it('still helps others with the last finalization, which its ledger has taken over', () => {
    const agreement = agreementOf('a')
    agreement.final = { view: 4, block: 'x', certificate: null }
    agreement.view = 5
    const finalized = certificateOf('finalize', 4, 'x')
    expect(restoreAgreement(agreement, { ...NOTHING, certificates: [finalized] })).toEqual([])
    expect(certificatesSince(agreement, 1)).toEqual([finalized])
    expect(receiveCertificate(agreement, certificateOf('finalize', 5, 'y'))).toContainEqual({ type: 'finalized', certificate: certificateOf('finalize', 5, 'y'), dropped: [finalized] })
  })
})

describe('rule 10: which votes are taken', () => {
  it('takes those from ten views below the last final one up to one above the current', () => {
    const agreement = agreementOf('a')
    receiveCertificate(agreement, certificateOf('finalize', 20, 'x'))
    for (const view of [9, 10, 21, 22, 23]) receiveVote(agreement, signed('b', voteFor('notarize', view, 'y')))
    const counted = [...agreement.views].filter(([, { votes }]) => votes.notarize.size > 0).map(([view]) => view)
    expect(counted.sort((a, b) => a - b)).toEqual([10, 21, 22])
  })

  it('takes none of strangers or of another epoch', () => {
    const agreement = agreementOf('a')
    expect(receiveVote(agreement, signed('stranger', voteFor('nullify', 1)))).toEqual([])
    expect(receiveVote(agreement, signed('b', { ...voteFor('nullify', 1), epoch: 1 }))).toEqual([])
    expect(agreement.views.size).toBe(0)
  })

  it('keeps one vote of each kind per author and view, however many come', () => {
    const agreement = agreementOf('a')
    for (let count = 0; count < 1_000; count++) receiveVote(agreement, signed('b', voteFor('notarize', 1, `block ${count}`)))
    receiveVote(agreement, signed('b', voteFor('nullify', 1)))
    const sizes = Object.entries(agreement.views.get(1)?.votes ?? {}).map(([kind, votes]) => [kind, votes.size])
    expect(Object.fromEntries(sizes)).toEqual({ notarize: 1, nullify: 1, finalize: 0 })
  })

  it('forgets the views that no vote is taken from any more', () => {
    const agreement = agreementOf('a')
    for (let view = 1; view <= 50; view++) {
      receiveVote(agreement, signed('b', voteFor('nullify', view)))
      receiveCertificate(agreement, certificateOf('finalize', view, `block ${view}`))
    }
    expect(agreement.views.size).toBeLessThanOrEqual(12)
    expect(agreement.notarizations.size + agreement.nullifications.size).toBe(0)
  })

  it('takes certificates from any view', () => {
    const agreement = agreementOf('a')
    receiveCertificate(agreement, certificateOf('nullify', 500))
    expect(agreement.view).toBe(501)
  })
})

describe('stragglers', () => {
  it('are offered once per view what moves them on', () => {
    const agreement = agreementOf('a')
    receiveCertificate(agreement, certificateOf('nullify', 1))
    expect(receiveVote(agreement, signed('d', voteFor('nullify', 1)))).toEqual([{ type: 'help', member: 'd' }])
    expect(receiveVote(agreement, signed('d', voteFor('nullify', 1)))).toEqual([])
    expect(receiveProposal(agreement, proposalOf(1, 'x', GENESIS))).toEqual([{ type: 'help', member: 'b' }])
  })

  it('get the last finalization and all later certificates in order of view', () => {
    const agreement = agreementOf('a')
    for (const certificate of [certificateOf('finalize', 3, 'x'), certificateOf('nullify', 5), certificateOf('notarize', 4, 'y')]) {
      receiveCertificate(agreement, certificate)
    }
    expect(certificatesSince(agreement, 4).map(({ kind, view }) => `${kind} ${view}`)).toEqual(['finalize 3', 'notarize 4', 'nullify 5'])
  })

  it('ask the member whose vote shows that it is further on, once per view', () => {
    const agreement = agreementOf('a')
    expect(receiveVote(agreement, signed('d', voteFor('nullify', 7)))).toEqual([{ type: 'fetch-certificates', fromView: 1, from: 'd' }])
    expect(receiveVote(agreement, signed('d', voteFor('nullify', 6)))).toEqual([])
    expect(receiveProposal(agreement, proposalOf(5, 'x', GENESIS))).toEqual([{ type: 'fetch-certificates', fromView: 1, from: 'b' }])
  })
})

describe('observers', () => {
  it('follow the certificates and never vote, propose or set a timer', () => {
    const observer = agreementOf('observer')
    const effects = [
      ...setMaterial(observer, true),
      ...receiveProposal(observer, proposalOf(1, 'x', GENESIS)),
      ...FOUR.flatMap(({ member }) => receiveVote(observer, signed(member, voteFor('notarize', 1, 'x')))),
      ...FOUR.flatMap(({ member }) => receiveVote(observer, signed(member, voteFor('finalize', 1, 'x')))),
      ...fire(observer, 'view', observer.view),
    ]
    expect(observer.final.block).toBe('x')
    expect(typesIn(effects).filter((type) => type !== 'certified' && type !== 'finalized')).toEqual([])
  })
})
