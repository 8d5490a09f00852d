import { dirname, join } from 'node:path/posix'

/** Source texts by path from the root, as `shared/bmc/client.ts`. */
export type Sources = ReadonlyMap<string, string>

/** One import line. `target` is a path from the root for a file of ours, else what is written. */
export interface Import {
  readonly from: string
  readonly target: string
  /** `dynamic` is an `await import()`: loaded only when that line runs. */
  readonly kind: 'static' | 'dynamic' | 'type'
}

/**
 * Which part may import which, itself included. A part is a folder of shared/, `functions`, `compose`
 * (shared/compose.ts) or `leaf` (every other file directly in shared/).
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  leaf: ['leaf'],
  metrics: ['metrics', 'leaf'],
  telemetry: ['telemetry', 'leaf'],
  'cloud-provider': ['cloud-provider', 'leaf'],
  bmc: ['bmc', 'metrics', 'leaf'],
  phoenixnap: ['phoenixnap', 'bmc', 'cloud-provider', 'leaf'],
  kubernetes: ['kubernetes', 'metrics', 'leaf'],
  announcers: ['announcers', 'cloud-provider', 'kubernetes', 'leaf'],
  controllers: ['controllers', 'announcers', 'cloud-provider', 'kubernetes', 'metrics', 'leaf'],
  register: ['register', 'kubernetes', 'leaf'],
  'serving-identity': ['serving-identity', 'register', 'kubernetes', 'leaf'],
  doctor: ['doctor', 'controllers', 'announcers', 'register', 'cloud-provider', 'kubernetes', 'leaf'],
  migrate: ['migrate', 'doctor', 'controllers', 'announcers', 'cloud-provider', 'kubernetes', 'leaf'],
  status: ['status', 'doctor', 'controllers', 'cloud-provider', 'kubernetes', 'leaf'],
  simulator: ['simulator', 'kubernetes', 'leaf'],
  compose: [
    'compose',
    'announcers',
    'controllers',
    'phoenixnap',
    'bmc',
    'cloud-provider',
    'kubernetes',
    'metrics',
    'leaf',
  ],
  functions: [
    'functions',
    'controllers',
    'register',
    'serving-identity',
    'doctor',
    'migrate',
    'status',
    'compose',
    'cloud-provider',
    'kubernetes',
    'metrics',
    'telemetry',
    'leaf',
  ],
}
/** The demo and `simulate` run on the simulators; only main.ts leads there, and only when asked to. */
const SIMULATOR_USERS = /^functions\/(main|demo|simulate)(\.ts|\/|-)/
const MAX_LINES = 300

/** Everything that breaks the layout, as `file: what`, sorted. */
export function findViolations(sources: Sources, dependencies: readonly string[]): string[] {
  const imports = [...sources].flatMap(([path, text]) => readImports(path, text))
  return [
    ...imports.flatMap(edge => checkEdge(edge, sources)),
    ...imports.flatMap(edge => checkPackage(edge, dependencies)),
    ...[...sources].flatMap(([path, text]) => checkText(path, text)),
  ].sort()
}

const STATIC = /^\s*(?:import|export)(\s+type)?\s+(?:[\w$*\s{},]+?\s*from\s*)?['"]([^'"\n]+)['"]/gm
const DYNAMIC = /\b(typeof\s+)?import\((.*)/g

/** Every import of a file: static, dynamic and type. A computed one has the target `?`. */
export function readImports(path: string, text: string): Import[] {
  return [
    ...[...text.matchAll(STATIC)].map(([, isType, name = '']) =>
      toImport(path, name, isType ? 'type' : 'static'),
    ),
    ...[...text.matchAll(DYNAMIC)].flatMap(([, isType, rest = '']) =>
      readNames(rest).map(name => toImport(path, name, isType ? 'type' : 'dynamic')),
    ),
  ]
}

/** What stands between the brackets of an import: a name, or a choice between two. */
function readNames(rest: string): string[] {
  const [, name] = /^\s*['"]([^'"]+)['"]\s*\)/.exec(rest) ?? []
  const [, one, other] = / \? ['"]([^'"]+)['"] : ['"]([^'"]+)['"]\)/.exec(rest) ?? []
  const names = [name, one, other].filter(found => found !== undefined)
  return names.length > 0 ? names : ['?']
}

const toImport = (from: string, name: string, kind: Import['kind']): Import => ({
  from,
  kind,
  target: name.startsWith('.') ? join(dirname(from), name) : name,
})

function toPart(path: string): string {
  if (path.startsWith('functions/')) return 'functions'
  if (path === 'shared/compose.ts') return 'compose'
  const [, folder, rest] = /^shared\/([^/]+)(\/.*)?$/.exec(path) ?? []
  return rest === undefined ? 'leaf' : (folder ?? '')
}

const isOurs = (path: string): boolean => /^(functions|shared|infra|test|bench|docs)\//.test(path)

function checkEdge({ from, target, kind }: Import, sources: Sources): string[] {
  if (target === '?') return [`${from}: imports a computed name`]
  if (!isOurs(target))
    return target.startsWith('..') ? [`${from}: imports ${target}, outside the project`] : []
  const [part, other] = [toPart(from), toPart(target)]
  if (!sources.has(target)) return [`${from}: imports ${target}, which is no product source`]
  const allowed = ALLOWED[part]
  if (!allowed) return [`${from}: ${part} has no row in the layout`]
  if (allowed.includes(other)) return []
  if (other === 'simulator' && SIMULATOR_USERS.test(from)) {
    return from === 'functions/main.ts' && kind === 'static'
      ? [`${from}: imports ${target} before it is asked for`]
      : []
  }
  return [`${from}: ${part} must not import ${other} (${target})`]
}

/** Packages that are installed for development only must not be needed at run time, the simulators aside. */
function checkPackage({ from, target, kind }: Import, dependencies: readonly string[]): string[] {
  if (isOurs(target) || target === '?' || target.startsWith('.') || target.startsWith('node:')) return []
  if (kind === 'type' || toPart(from) === 'simulator') return []
  const [first = '', second = ''] = target.split('/')
  const name = first.startsWith('@') ? `${first}/${second}` : first
  return dependencies.includes(name) ? [] : [`${from}: ${name} is no dependency`]
}

function checkText(path: string, text: string): string[] {
  const lines = text.split('\n').length - 1
  return [
    ...(lines > MAX_LINES ? [`${path}: ${lines} lines, ${MAX_LINES} at the most`] : []),
    ...(/^\s*export\s+(default\b|\{[^}]*\bas\s+default\b)/m.test(text)
      ? [`${path}: has a default export`]
      : []),
  ]
}

/** Modules that are loaded when the entry is: the way from the entry to each, by static imports only. */
export function findLoaded(sources: Sources, entry: string): ReadonlyMap<string, readonly string[]> {
  const ways = new Map<string, readonly string[]>([[entry, [entry]]])
  for (const [path, way] of ways) {
    for (const { target, kind } of readImports(path, sources.get(path) ?? '')) {
      if (kind === 'static' && !ways.has(target)) ways.set(target, [...way, target])
    }
  }
  return ways
}
