import type { NodeService } from '../service.ts'

/** Counts what passes, and tells it with the state of the node in Prometheus' text format. */
export interface Metrics {
  countRequest(status: number): void
  render(): string
  close(): void
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

interface Metric {
  name: string
  type: 'gauge' | 'counter'
  help: string
  values: readonly { labels?: Readonly<Record<string, string>>; value: number }[]
}

export function createMetrics(service: NodeService, streams: () => number): Metrics {
  const requests = new Map<number, number>()
  const closed = { rated: 0, unrated: 0 }
  let agentErrors = 0
  const unsubscribe = service.subscribe((event) => {
    if (event.type === 'round-closed') closed[event.rated ? 'rated' : 'unrated']++
    if (event.type === 'agent-error') agentErrors++
  })
  return {
    countRequest: (status) => void requests.set(status, (requests.get(status) ?? 0) + 1),
    render: () =>
      [
        ...nodeMetrics(service),
        counter('peerage_rounds_closed_total', 'rounds closed since the start', labelled('rated', Object.entries(closed).map(([name, value]) => [String(name === 'rated'), value]))),
        counter('peerage_agent_errors_total', "failures of the node's own agent", [{ value: agentErrors }]),
        counter('peerage_http_requests_total', 'requests answered', labelled('status', [...requests].sort(([a], [b]) => a - b).map(([status, value]) => [String(status), value]))),
        gauge('peerage_event_streams', 'event streams that are open', streams()),
      ].map(formatMetric).join(''),
    close: unsubscribe,
  }
}

function nodeMetrics(service: NodeService): Metric[] {
  const status = service.status()
  const { memberId: member, name, networkId: network, model } = status
  const { rss, heapUsed } = process.memoryUsage()
  return [
    { name: 'peerage_info', type: 'gauge', help: 'who the node is', values: [{ labels: { member, name, network, model }, value: 1 }] },
    gauge('peerage_height', 'height of the last final block', status.height),
    gauge('peerage_epoch', 'epoch', status.epoch),
    gauge('peerage_view', 'view of agreement', status.view),
    gauge('peerage_open_rounds', 'rounds that are open', status.openRounds.length),
    gauge('peerage_peers_connected', 'connected peers', status.peersConnected),
    gauge('peerage_members', 'members of the network', status.members),
    gauge('peerage_members_present', 'members heard of lately, this node included', status.membersPresent),
    gauge('peerage_quorum_present', 'whether the voting weight that blocks need is present', Number(status.quorumPresent)),
    gauge('peerage_signing', 'whether the node signs', Number(status.signing.mode === 'active')),
    gauge('peerage_can_answer', 'whether the agent answers', Number(status.canAnswer)),
    gauge('peerage_can_judge', 'whether the agent judges', Number(status.canJudge)),
    counter('peerage_refused_frames_total', 'frames of peers that were refused', labelled('code', Object.entries(status.refusedFrames))),
    gauge('process_start_time_seconds', 'start of the node', Date.parse(status.startedAt) / 1_000),
    gauge('process_resident_memory_bytes', 'memory of the process', rss),
    gauge('nodejs_heap_size_used_bytes', 'heap in use', heapUsed),
  ]
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, type: 'gauge', help, values: [{ value }] }
}

function counter(name: string, help: string, values: Metric['values']): Metric {
  return { name, type: 'counter', help, values }
}

function labelled(label: string, entries: readonly (readonly [string, number])[]): Metric['values'] {
  return entries.map(([name, value]) => ({ labels: { [label]: name }, value }))
}

function formatMetric({ name, type, help, values }: Metric): string {
  const lines = values.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`)
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
