import type { Status } from '../../shared/status/contract.ts'
import type { PageModel } from '../../shared/status/page/contract.ts'

const AT = Date.UTC(2026, 10, 23, 11, 20, 4)

/** A small cluster in which something of everything is wrong. */
export const STATUS: Status = {
  at: AT,
  cluster: 'uid-1',
  version: '1.2.3',
  verdict: 'attention',
  reasons: ['1 node waits to be initialised', '1 Service waits for an address'],
  pass: {
    completedAt: AT - 20_000,
    startedAt: AT - 20_000,
    holder: undefined,
    ageMs: 20_000,
    intervalMs: 60_000,
    isLate: false,
    deleted: 0,
  },
  bmc: { state: 'answers', since: undefined, until: undefined, failure: undefined, servers: 2 },
  goProgram: { state: 'absent', what: 'none is there' },
  nodes: {
    counts: { waiting: 1, missing: 0, shutdown: 0, notReady: 0, ready: 1, foreign: 0 },
    rows: [
      {
        name: 'node-b',
        state: 'waiting',
        why: 'No BMC server of this account has the hostname node-b.',
        code: 'CCM_INSTANCE_NOT_FOUND',
        action: 'Check the hostname.',
        serverId: undefined,
        since: AT - 180_000,
      },
      {
        name: 'node-a',
        state: 'ready',
        why: '',
        code: undefined,
        action: undefined,
        serverId: '65a1',
        since: undefined,
      },
    ],
  },
  services: {
    enabled: true,
    counts: { waiting: 1, leaving: 0, left: 0, served: 1 },
    rows: [
      {
        name: 'default/asks',
        state: 'waiting',
        addresses: [],
        why: 'IPv4: what it asks for cannot be had',
        problems: [{ code: 'CCM_ADDRESS_OUTSIDE', message: 'Ask for another one.' }],
        since: AT - 5000,
      },
      {
        name: 'default/web',
        state: 'served',
        addresses: ['203.0.113.2'],
        why: '',
        problems: [],
        since: undefined,
      },
    ],
  },
  addresses: {
    claims: { active: 1, unconfirmed: 0, released: 1, retained: 0 },
    free: { IPv4: 3, IPv6: 0 },
    blocks: [
      {
        id: 'b1',
        cidr: '203.0.113.0/29',
        family: 'IPv4',
        location: 'PHX',
        state: 'assigned',
        status: 'assigned',
        gate: 'open',
        unusedSince: undefined,
        isMarked: false,
        isSeen: true,
        dedicatedTo: undefined,
        doubt: undefined,
        counts: { network: 1, gateway: 1, used: 1, resting: 1, free: 3, broadcast: 1 },
        runs: [
          { first: '203.0.113.0', last: '203.0.113.0', count: 1, kind: 'network' },
          { first: '203.0.113.1', last: '203.0.113.1', count: 1, kind: 'gateway' },
          { first: '203.0.113.2', last: '203.0.113.2', count: 1, kind: 'used', service: 'default/web' },
          {
            first: '203.0.113.3',
            last: '203.0.113.3',
            count: 1,
            kind: 'resting',
            service: 'default/gone',
            until: AT + 300_000,
            why: 'its Service has gone',
          },
          { first: '203.0.113.4', last: '203.0.113.6', count: 3, kind: 'free' },
          { first: '203.0.113.7', last: '203.0.113.7', count: 1, kind: 'broadcast' },
        ],
      },
    ],
  },
  held: ['node node-c: its server answers by its id'],
  failures: [],
  pending: [{ kind: 'Node', name: 'node-a', action: 'repairLabels', why: 'labels differ' }],
}

export const MODEL: PageModel = {
  status: STATUS,
  trouble: undefined,
  ageMs: 7000,
  decisions: [
    {
      at: AT,
      level: 'info',
      what: 'node changed',
      subject: 'Node node-a',
      why: 'found by hostname',
      code: '',
    },
  ],
  startedAt: AT - 3_600_000,
}
