import * as fc from 'fast-check'
import { oddTree, PROTOTYPE_KEYS, type Tree } from './hostile.ts'

/** One change of a tree; `at` chooses the node, counted through the whole tree and taken modulo its size. */
export interface Mutation {
  readonly do: 'replace' | 'remove' | 'double' | 'wrap' | 'rename' | 'pollute'
  readonly at: number
  readonly value: Tree
  readonly key: string
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  do: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'double', 'wrap', 'rename', 'pollute'),
  at: fc.nat(500),
  value: oddTree,
  key: fc.oneof(fc.constantFrom(...PROTOTYPE_KEYS), fc.string({ maxLength: 8 })),
})

/** Valid values and what becomes of them by up to `most` changes; about one in five stays as it is. */
export const mutated = (base: fc.Arbitrary<Tree>, most = 3): fc.Arbitrary<Tree> =>
  fc
    .tuple(
      base,
      fc.oneof(
        { weight: 1, arbitrary: fc.constant([]) },
        { weight: 4, arbitrary: fc.array(mutation, { minLength: 1, maxLength: most }) },
      ),
    )
    .map(([tree, mutations]) => mutations.reduce(mutate, tree))

/** The tree with one change made. */
export function mutate(tree: Tree, change: Mutation): Tree {
  return walk(tree, { left: change.at % countNodes(tree) }, change) ?? null
}

function countNodes(tree: Tree): number {
  return 1 + childrenOf(tree).reduce((sum, [, child]) => sum + countNodes(child), 0)
}

const childrenOf = (tree: Tree): readonly (readonly [string, Tree])[] =>
  typeof tree === 'object' && tree !== null ? Object.entries(tree) : []

/** @returns undefined where the node goes */
function walk(tree: Tree, state: { left: number }, change: Mutation): Tree | undefined {
  if (state.left-- === 0) return apply(tree, change)
  const children = childrenOf(tree)
  if (children.length === 0) return tree
  const walked = children.flatMap(([key, child]) => {
    const isMeant = state.left === 0
    const next = walk(child, state, change)
    if (next === undefined) return []
    const entry = [isMeant && change.do === 'rename' ? change.key : key, next] as const
    return isMeant && change.do === 'double' && Array.isArray(tree) ? [entry, entry] : [entry]
  })
  return Array.isArray(tree) ? walked.map(([, child]) => child) : Object.fromEntries(walked)
}

function apply(node: Tree, { do: what, value, key }: Mutation): Tree | undefined {
  switch (what) {
    case 'replace':
      return value
    case 'remove':
      return undefined
    case 'double':
      return typeof node === 'string' ? node + node : node
    case 'wrap':
      return [node]
    case 'rename':
      return node
    case 'pollute':
      return typeof node === 'object' && node !== null && !Array.isArray(node)
        ? Object.fromEntries([...Object.entries(node), [key, { polluted: true, ...toRecord(value) }]])
        : value
  }
}

const toRecord = (value: Tree): { readonly [key: string]: Tree } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: Tree })
    : {}

/** Damage to a text as such: cut short, run on, doubled, with something in between. */
export const damaged = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      texts,
      fc.option(
        fc.record({
          at: fc.nat(2000),
          cut: fc.nat(3),
          insert: fc.constantFrom(
            '',
            '\u0000',
            '\ufeff',
            '}',
            ',',
            '"',
            '\\',
            '\n',
            '\r\n',
            '\u2028',
            '{"__proto__":{"polluted":true}}',
            '&a [*a, *a]',
            '*b',
            '!!js/function x',
            '<<: *a',
            '---\n',
            '\t',
            '[',
          ),
          end: fc.boolean(),
        }),
        { freq: 1 },
      ),
    )
    .map(([text, damage]) => {
      if (!damage) return text
      const at = damage.at % (text.length + 1)
      return text.slice(0, at) + damage.insert + (damage.end ? '' : text.slice(at + damage.cut))
    })
