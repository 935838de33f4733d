/** Voters that lie, in a simulation of agreement alone. */
import { sha256, type SignedVote } from '../../consensus/index.ts'
import { deliver, makeBlock, SIGNATURE, type Electorate, type Sent, type Voter } from './electorate.ts'

/** What a liar says in place of what it should. */
export function lie(electorate: Electorate, voter: Voter, sent: Sent): void {
  const { random, voters } = electorate
  const others = voters.filter((other) => other !== voter)
  const tell = (what: Sent, whom = others): void => whom.forEach(({ index }) => deliver(electorate, voter, index, what))
  const votes = (view: number, block: string): SignedVote[] =>
    (['notarize', 'finalize', 'nullify'] as const).map((kind) => ({ vote: { kind, epoch: 0, view, block: kind === 'nullify' ? null : block }, author: voter.id, signature: SIGNATURE }))
  if (electorate.heard.length < 64) electorate.heard.push(sent)
  const half = others.filter(({ index }) => index % 2 === 0)
  switch (voter.lie) {
    case 'equivocates':
      tell(sent, half)
      if ('proposal' in sent) tell({ proposal: makeBlock(electorate, sent.proposal.view, sent.proposal.parent, voter, 'other', true) }, others.filter((other) => !half.includes(other)))
      return
    case 'nullifies':
      if ('proposal' in sent) return
      return 'vote' in sent ? tell({ vote: votes(sent.vote.vote.view, '')[2] as SignedVote }) : tell(sent)
    case 'votes-twice': {
      tell(sent)
      const rivals = 'vote' in sent ? [...electorate.blocks.keys()].slice(-3) : []
      if ('vote' in sent) for (const other of others) for (const vote of votes(sent.vote.vote.view, random.pick(rivals))) tell({ vote }, [other])
      return
    }
    case 'withholds':
      return tell(sent, random.chance(0.3) ? [random.pick(others)] : [])
    case 'replays':
      tell(sent)
      return tell(random.pick(electorate.heard))
    case 'invents':
      tell(sent)
      return tell({ vote: random.pick(votes(('vote' in sent ? sent.vote.vote.view : 1) + random.below(4), sha256(`${random.unit()}`))) })
    case 'forks': {
      if (!('proposal' in sent)) return tell(sent)
      const parent = random.pick([...electorate.blocks.keys()].slice(-6))
      return tell({ proposal: makeBlock(electorate, sent.proposal.view, parent, voter, 'fork', true) })
    }
    case 'usurps': {
      tell(sent)
      const view = 'vote' in sent ? sent.vote.vote.view + 1 : 0
      const parent = [...electorate.blocks.keys()].at(-1) as string
      return view === 0 ? undefined : tell({ proposal: makeBlock(electorate, view, parent, voter, 'usurped', true) })
    }
    case 'keeps-silent':
    case null:
      return
  }
}

