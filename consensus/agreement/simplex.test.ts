import { describe, expect, it } from 'vitest'
import { bestNotarized, receiveCertificate, receiveProposal, receiveVote, resolveProposal, setMaterial } from './simplex.ts'
import { agreementOf, certificateOf, fire, FOUR, GENESIS, proposalOf, signed, timersIn, typesIn, voteFor, votesIn } from './test/agreements.ts'

/** Member `a` in view 1 with material, and a block `x` of the leader that it was asked about. */
function asked(): ReturnType<typeof agreementOf> {
  const agreement = agreementOf('a')
  setMaterial(agreement, true)
  expect(typesIn(receiveProposal(agreement, proposalOf(1, 'x', GENESIS)))).toContain('validate')
  return agreement
}

describe('rule 1: views', () => {
  it('enters a view on a notarization or nullification of the view before', () => {
    for (const certificate of [certificateOf('notarize', 1, 'x'), certificateOf('nullify', 1)]) {
      const agreement = agreementOf('a')
      receiveCertificate(agreement, certificate)
      expect(agreement.view).toBe(2)
    }
  })

  it('enters the view after any finalization, however far ahead', () => {
    const agreement = agreementOf('a')
    receiveCertificate(agreement, certificateOf('finalize', 9, 'x'))
    expect(agreement.view).toBe(10)
    expect(agreement.final.block).toBe('x')
  })

  it('never goes back', () => {
    const agreement = agreementOf('a')
    receiveCertificate(agreement, certificateOf('nullify', 5))
    receiveCertificate(agreement, certificateOf('nullify', 3))
    receiveCertificate(agreement, certificateOf('finalize', 2, 'x'))
    expect(agreement.view).toBe(6)
  })

  it('forms the certificate itself once votes weigh a quorum, and not before', () => {
    const agreement = agreementOf('a')
    receiveVote(agreement, signed('d', voteFor('nullify', 1)))
    receiveVote(agreement, signed('b', voteFor('nullify', 1)))
    receiveVote(agreement, signed('b', voteFor('nullify', 1)))
    expect(agreement.view).toBe(1)
    const effects = receiveVote(agreement, signed('c', voteFor('nullify', 1)))
    expect(effects[0]).toEqual({ type: 'certified', certificate: certificateOf('nullify', 1, null, 'bcd') })
    expect(agreement.view).toBe(2)
  })

  it('adds up only votes for one kind and one block', () => {
    const agreement = agreementOf('a')
    receiveVote(agreement, signed('b', voteFor('notarize', 1, 'x')))
    receiveVote(agreement, signed('c', voteFor('notarize', 1, 'y')))
    receiveVote(agreement, signed('d', voteFor('nullify', 1)))
    receiveVote(agreement, signed('d', voteFor('notarize', 1, 'x')))
    expect(agreement.view).toBe(1)
  })

  it('starts its timers, doubled for every consecutive failed view up to the cap', () => {
    const agreement = agreementOf('a')
    const waits = [timersIn(setMaterial(agreement, true))]
    for (let view = 1; view <= 5; view++) {
      receiveCertificate(agreement, certificateOf('nullify', view))
      waits.push(timersIn(setMaterial(agreement, true)))
    }
    expect(waits.map(({ leader }) => leader)).toEqual([100, 200, 400, 800, 800, 800])
    expect(waits.map(({ view }) => view)).toEqual([300, 600, 1_200, 2_400, 2_400, 2_400])
    expect(timersIn(receiveCertificate(agreement, certificateOf('notarize', 6, 'x')))).toEqual({ leader: 100, view: 300 })
  })
})

describe('rule 2: proposing', () => {
  it('is for the leader of the view, once', () => {
    expect(typesIn(setMaterial(agreementOf('a'), true))).not.toContain('propose')
    const leader = agreementOf('b')
    expect(setMaterial(leader, true)[0]).toEqual({ type: 'propose', view: 1, parent: GENESIS })
    expect(typesIn(setMaterial(leader, true))).not.toContain('propose')
  })

  it('builds on the highest notarized block, over views that are nullified', () => {
    const leader = agreementOf('d')
    receiveCertificate(leader, certificateOf('notarize', 1, 'x'))
    receiveCertificate(leader, certificateOf('nullify', 2))
    expect(setMaterial(leader, true)).toContainEqual({ type: 'propose', view: 3, parent: 'x' })
    expect(bestNotarized(leader)).toEqual({ view: 1, block: 'x' })
  })

  it('waits and fetches where a view in between is not certified', () => {
    const leader = agreementOf('d')
    receiveCertificate(leader, certificateOf('nullify', 2))
    const effects = setMaterial(leader, true)
    expect(typesIn(effects)).not.toContain('propose')
    expect(effects).toContainEqual({ type: 'fetch-certificates', fromView: 1, from: 'a' })
    expect(receiveCertificate(leader, certificateOf('nullify', 1))).toContainEqual({ type: 'propose', view: 3, parent: GENESIS })
  })

  it('gives the block before time to become final before an empty block follows it', () => {
    const leader = agreementOf('c')
    const effects = receiveCertificate(leader, certificateOf('notarize', 1, 'x'))
    expect(typesIn(effects)).not.toContain('propose')
    expect(timersIn(effects)).toEqual({ fill: 50, leader: 100, view: 300 })
    expect(fire(leader, 'fill', 2)).toContainEqual({ type: 'propose', view: 2, parent: 'x' })
  })

  it('is over for a leader that has nullified its view', () => {
    const leader = agreementOf('c')
    receiveCertificate(leader, certificateOf('notarize', 1, 'x'))
    expect(votesIn(fire(leader, 'leader', 2))).toEqual([voteFor('nullify', 2)])
    expect(typesIn(fire(leader, 'fill', 2))).not.toContain('propose')
  })
})

describe('rule 3: notarizing', () => {
  it('is for a valid proposal', () => {
    expect(votesIn(resolveProposal(asked(), proposalOf(1, 'x', GENESIS), true))).toEqual([voteFor('notarize', 1, 'x')])
  })

  it('never happens twice in a view', () => {
    const agreement = asked()
    resolveProposal(agreement, proposalOf(1, 'x', GENESIS), true)
    expect(votesIn(resolveProposal(agreement, proposalOf(1, 'x', GENESIS), true))).toEqual([])
    receiveProposal(agreement, proposalOf(1, 'y', GENESIS))
    expect(votesIn(resolveProposal(agreement, proposalOf(1, 'y', GENESIS), true))).toEqual([])
  })

  it('is for the first proposal of the view only', () => {
    const agreement = asked()
    expect(receiveProposal(agreement, proposalOf(1, 'y', GENESIS))).toEqual([])
    expect(resolveProposal(agreement, proposalOf(1, 'y', GENESIS), true)).toEqual([])
  })

  it('never follows a nullification of the same view', () => {
    const agreement = asked()
    fire(agreement, 'leader', 1)
    expect(votesIn(resolveProposal(agreement, proposalOf(1, 'x', GENESIS), true))).toEqual([])
  })

  it('never happens in a view that was left', () => {
    const agreement = asked()
    receiveCertificate(agreement, certificateOf('nullify', 1, null, 'bcd'))
    expect(votesIn(resolveProposal(agreement, proposalOf(1, 'x', GENESIS), true))).toEqual([])
  })

  it('wants the proposal from the leader of its view', () => {
    const agreement = agreementOf('a')
    expect(receiveProposal(agreement, { ...proposalOf(1, 'x', GENESIS), author: 'c' })).toEqual([])
  })

  it('wants the parent and every skipped view certified, and asks the leader for what is lacking', () => {
    const agreement = agreementOf('a')
    setMaterial(agreement, true)
    receiveCertificate(agreement, certificateOf('nullify', 2))
    const effects = receiveProposal(agreement, proposalOf(3, 'z', 'x'))
    expect(effects).toEqual([{ type: 'fetch-certificates', fromView: 1, from: 'd' }])
    expect(typesIn(receiveCertificate(agreement, certificateOf('notarize', 1, 'x')))).toContain('validate')
  })

  it('does not follow a leader that skips a view nobody nullified', () => {
    const agreement = agreementOf('a')
    receiveCertificate(agreement, certificateOf('notarize', 1, 'x'))
    receiveCertificate(agreement, certificateOf('notarize', 2, 'y'))
    expect(typesIn(receiveProposal(agreement, proposalOf(3, 'z', 'x')))).not.toContain('validate')
  })

  it('keeps a proposal that comes a view early', () => {
    const agreement = agreementOf('a')
    expect(typesIn(receiveProposal(agreement, proposalOf(2, 'y', 'x')))).not.toContain('validate')
    expect(typesIn(receiveCertificate(agreement, certificateOf('notarize', 1, 'x')))).toContain('validate')
  })
})

describe('rule 4: nullifying', () => {
  it('happens when a proposal is invalid', () => {
    expect(votesIn(resolveProposal(asked(), proposalOf(1, 'x', GENESIS), false))).toEqual([voteFor('nullify', 1)])
  })

  it('happens when the leader timer fires without a notarized proposal, or the view timer in any case', () => {
    expect(votesIn(fire(asked(), 'leader', 1))).toEqual([voteFor('nullify', 1)])
    const agreement = asked()
    resolveProposal(agreement, proposalOf(1, 'x', GENESIS), true)
    expect(votesIn(fire(agreement, 'leader', 1))).toEqual([])
    expect(votesIn(fire(agreement, 'view', 1))).toEqual([voteFor('nullify', 1)])
    expect(votesIn(fire(agreement, 'view', 1))).toEqual([])
  })

  it('never follows a finalization of the same view', () => {
    const agreement = agreementOf('a')
    setMaterial(agreement, true)
    expect(votesIn(receiveCertificate(agreement, certificateOf('notarize', 1, 'x')))).toEqual([voteFor('finalize', 1, 'x')])
    expect(votesIn(fire(agreement, 'view', 1))).toEqual([])
    agreement.view = 1
    expect(votesIn(fire(agreement, 'view', 1))).toEqual([])
  })
})

describe('rule 5: finalizing', () => {
  it('follows the notarization certificate, which goes with the vote as its justification', () => {
    const certificate = certificateOf('notarize', 1, 'x')
    const effects = receiveCertificate(agreementOf('a'), certificate)
    expect(effects).toContainEqual({ type: 'vote', vote: voteFor('finalize', 1, 'x'), justification: certificate })
  })

  it('happens once', () => {
    const agreement = agreementOf('a')
    receiveCertificate(agreement, certificateOf('notarize', 1, 'x'))
    expect(votesIn(receiveCertificate(agreement, certificateOf('notarize', 1, 'x', 'bcd')))).toEqual([])
    expect(votesIn(setMaterial(agreement, true))).toEqual([])
  })

  it('never follows a nullification of the same view', () => {
    const agreement = asked()
    fire(agreement, 'leader', 1)
    expect(votesIn(receiveCertificate(agreement, certificateOf('notarize', 1, 'x', 'bcd')))).toEqual([])
  })

  it('happens also in a view that was left by a nullification of others', () => {
    const agreement = agreementOf('a')
    receiveCertificate(agreement, certificateOf('nullify', 1, null, 'bcd'))
    expect(votesIn(receiveCertificate(agreement, certificateOf('notarize', 1, 'x', 'bcd')))).toEqual([voteFor('finalize', 1, 'x')])
  })
})

describe('rule 6: certificates', () => {
  it('are persisted, and a finalization says what it supersedes', () => {
    const agreement = agreementOf('a')
    const notarized = certificateOf('notarize', 1, 'x')
    const nullified = certificateOf('nullify', 2)
    const finalized = certificateOf('finalize', 3, 'z')
    for (const certificate of [notarized, nullified]) {
      expect(receiveCertificate(agreement, certificate)).toContainEqual({ type: 'certified', certificate })
    }
    expect(receiveCertificate(agreement, finalized)).toEqual([
      { type: 'certified', certificate: finalized },
      { type: 'finalized', certificate: finalized, dropped: [notarized, nullified] },
    ])
    expect(receiveCertificate(agreement, certificateOf('finalize', 4, 'w'))).toContainEqual({
      type: 'finalized',
      certificate: certificateOf('finalize', 4, 'w'),
      dropped: [finalized],
    })
  })

  it('are nothing without the weight of a quorum, or from another epoch', () => {
    const agreement = agreementOf('a')
    expect(receiveCertificate(agreement, certificateOf('nullify', 1, null, 'ab'))).toEqual([])
    expect(receiveCertificate(agreement, { ...certificateOf('nullify', 1), epoch: 1 })).toEqual([])
    expect(agreement.view).toBe(1)
  })

  it('say nothing new the second time', () => {
    const agreement = agreementOf('a')
    receiveCertificate(agreement, certificateOf('nullify', 1))
    expect(receiveCertificate(agreement, certificateOf('nullify', 1, null, 'bcd'))).toEqual([])
    receiveCertificate(agreement, certificateOf('finalize', 2, 'x'))
    expect(receiveCertificate(agreement, certificateOf('finalize', 2, 'x', 'bcd'))).toEqual([])
  })

  it('carry signatures as they came: agreement looks into none of them', () => {
    const agreement = agreementOf('a')
    const odd = [Uint8Array.of(), Uint8Array.of(1, 2, 3), new Uint8Array(1_000).fill(7)]
    const effects = odd.flatMap((signature, index) =>
      receiveVote(agreement, { vote: voteFor('nullify', 1), author: 'bcd'.charAt(index), signature }))
    const certified = effects.find(({ type }) => type === 'certified')
    expect(certified?.type === 'certified' && certified.certificate.signatures.map(({ signature }) => signature)).toEqual(odd)
  })
})

describe('weighted votes', () => {
  it('certify by weight: one heavy member and one light one outvote three light ones', () => {
    const validators = FOUR.map(({ member }) => ({ member, weight: member === 'a' ? 5 : 1 }))
    const agreement = agreementOf('b', validators)
    for (const author of ['b', 'c', 'd']) receiveVote(agreement, signed(author, voteFor('nullify', 1)))
    expect(agreement.view).toBe(1)
    receiveVote(agreement, signed('a', voteFor('nullify', 1)))
    expect(agreement.view).toBe(2)
  })
})
