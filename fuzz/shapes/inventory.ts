import * as fc from 'fast-check'
import { lists, name, record } from './kubernetes.ts'

const ip = fc.ipV4()

const entry = record({
  id: fc.stringMatching(/^[0-9a-f]{24}$/),
  providerID: fc.constant('phoenixnap://60473a6115e34466c9f8f083'),
  hostname: name,
  instanceType: fc.constant('s1.c1.small'),
  region: fc.constant('PHX'),
  status: fc.constant('powered-on'),
  shutdown: fc.boolean(),
  terminating: fc.boolean(),
  privateAddresses: lists(ip),
  publicAddresses: lists(ip),
  addressesIncomplete: fc.boolean(),
  additionalLabels: fc.constant({ 'phoenixnap.com/os': 'ubuntu/jammy' }),
})

export const inventory = record({
  account: name,
  families: lists(fc.constantFrom('IPv4', 'IPv6'), 2),
  entries: lists(entry),
  addresses: record({
    blocks: lists(
      record({
        id: name,
        cidr: fc.constant('203.0.113.0/28'),
        family: fc.constant('IPv4'),
        location: fc.constant('PHX'),
        state: fc.constant('assigned'),
        status: fc.constant('assigned'),
        usable: fc.constant({ first: '203.0.113.2', last: '203.0.113.14', count: 13 }),
        marked: fc.boolean(),
        onNetwork: fc.boolean(),
      }),
    ),
    location: fc.constant('PHX'),
    memberAddresses: lists(ip),
  }),
})
