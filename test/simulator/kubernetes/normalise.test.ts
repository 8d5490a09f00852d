import t from 'tap'
import { createNormaliser } from './normalise.ts'

const object = (name: string, resourceVersion: string): object => ({
  metadata: { name, uid: name, resourceVersion },
})
const list = (resourceVersion: string, ...items: object[]): object => ({
  items,
  metadata: { resourceVersion },
})

/** Answers of two runs: the writes of others move the versions of the second. */
const RUNS: Record<
  string,
  { readonly one: readonly object[]; readonly other: readonly object[]; readonly isSame: boolean }
> = {
  'others write between a change and a list': {
    one: [object('a', '5'), list('5', object('a', '5'))],
    other: [object('a', '5'), list('7', object('a', '5'))],
    isSame: true,
  },
  'others write before a list of nothing': { one: [list('5')], other: [list('9')], isSame: true },
  'others write between two lists': {
    one: [list('5'), list('5'), object('a', '6')],
    other: [list('5'), list('8'), object('a', '9')],
    isSame: true,
  },
  'a list is older than what it holds': {
    one: [list('7', object('a', '7'))],
    other: [list('6', object('a', '7'))],
    isSame: false,
  },
  'a list is older than a change before it': {
    one: [object('a', '5'), object('b', '6'), list('6')],
    other: [object('a', '5'), object('b', '6'), list('5')],
    isSame: false,
  },
  'a page is newer than a change after the list began': {
    one: [object('a', '5'), list('5'), object('b', '6'), list('5')],
    other: [object('a', '5'), list('5'), object('b', '6'), list('6')],
    isSame: false,
  },
  'a list has no version': {
    one: [list('5')],
    other: [{ items: [], metadata: {} }],
    isSame: false,
  },
  'an object is as old as it was': {
    one: [object('a', '5'), object('a', '6')],
    other: [object('a', '5'), object('a', '5')],
    isSame: false,
  },
}

for (const [name, { one, other, isSame }] of Object.entries(RUNS))
  t.test(`${name}: ${isSame ? 'the same' : 'a difference'}`, async t => {
    const [first, second] = [one, other].map(answers => createNormaliser()(answers))
    if (isSame) t.strictSame(first, second)
    else t.strictNotSame(first, second)
  })
