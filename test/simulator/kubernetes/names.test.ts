import t from 'tap'
import {
  addressProblems,
  labelProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
  subdomainProblems,
} from '../../../shared/simulator/kubernetes/names.ts'

const CASES: readonly (readonly [check: (name: string) => string[], good: string[], bad: string[]])[] = [
  [subdomainProblems, ['a', 'a.b-c.1', 'x'.repeat(253)], ['', 'A', '-a', 'a..b', 'x'.repeat(254)]],
  [labelProblems, ['a', '9-b'], ['a.b', 'a-', 'x'.repeat(64)]],
  [pathSegmentProblems, ['system:node', 'A B'], ['.', '..', 'a/b', 'a%']],
  [
    addressProblems,
    ['203.0.113.9', '2001:db8::5'],
    ['203.0.113.09', '2001:DB8::5', '2001:db8:0:0::5', 'web', '10.0.0.0/8'],
  ],
  [
    qualifiedNameProblems,
    ['a', 'a.b/c_D.e', 'x'.repeat(63)],
    ['', '/a', 'a/', 'a/b/c', 'A_b/c', 'a b', 'x'.repeat(64)],
  ],
  [labelValueProblems, ['', 'a', 'A.b_c-1'], ['ubuntu/jammy', '-a', 'a b', 'x'.repeat(64)]],
]

for (const [check, good, bad] of CASES)
  t.test(check.name, async t => {
    for (const name of good) t.same(check(name), [], `"${name}" is fine`)
    for (const name of bad) t.not(check(name).length, 0, `"${name}" is not`)
  })

t.test('says what the canonical form of an address is', async t => {
  t.same(addressProblems('2001:DB8::5'), ['must be in canonical form ("2001:db8::5")'])
  t.same(addressProblems('203.0.113.010'), ['must not have leading 0s'])
})
