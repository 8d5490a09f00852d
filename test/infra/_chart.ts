import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { CHART, findHelm, findHelmProgram, type Helm, NO_HELM, renderChart } from '../../infra/helm.ts'

/** Any object of the chart, as far as tests look at it. */
export interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: object }
  readonly [field: string]: unknown
}

export interface EnvVar {
  readonly name: string
  readonly value: string
}

export interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly value?: string
  readonly effect?: string
}

/** The parts of a Pod that a kubelet carries out. */
export interface PodSpec {
  readonly hostNetwork: boolean
  readonly dnsPolicy: string
  readonly tolerations: readonly Toleration[]
  readonly affinity: Readonly<Record<string, object>>
  readonly containers: readonly [
    {
      readonly image: string
      readonly args: readonly string[]
      readonly env: readonly EnvVar[]
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
      readonly ports: readonly { readonly containerPort: number }[]
    },
  ]
  readonly volumes: readonly {
    readonly name: string
    readonly secret: {
      readonly secretName: string
      readonly items: readonly { readonly key: string; readonly path: string }[]
    }
  }[]
}

const found = findHelm()

/** Options of a test that needs Helm. */
export const needsHelm = found ? {} : { skip: NO_HELM }

/** Helm itself; only in tests with `needsHelm`. */
export const helm: Helm = (args, input) => {
  if (!found) throw new Error(NO_HELM)
  return found(args, input)
}

/** Path of Helm; only in tests with `needsHelm`. */
export const helmProgram = (): string => findHelmProgram() ?? ''

/** Objects of the chart. @param args as `--set`, `port=8443` */
export const render = (...args: readonly string[]): Rendered[] => toObjects(renderChart(helm, args))

/** Objects of the chart with values as a file would give them. */
export const renderWith = (values: object): Rendered[] =>
  toObjects(renderChart(helm, ['--values', '-'], JSON.stringify(values)))

/** The documents of a YAML text; the same key twice is an error. */
export const toObjects = (text: string): Rendered[] =>
  Array.from(parseAllDocuments(text), document => {
    if (document.errors[0]) throw document.errors[0]
    return document.toJS() as Rendered
  }).filter(Boolean)

/** The one object of a kind, or of a kind and a name. */
export function only(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const all = objects.filter(
    object => object.kind === kind && (name === undefined || object.metadata.name === name),
  )
  const [one] = all
  if (!one || all.length > 1) throw new Error(`${all.length} objects of kind ${kind} ${name ?? ''}`)
  return one
}

/** Pod of the Deployment. */
export const podOf = (objects: readonly Rendered[]): PodSpec =>
  (only(objects, 'Deployment')['spec'] as { template: { spec: PodSpec } }).template.spec

/** Environment of the program. */
export const envOf = (objects: readonly Rendered[]): Record<string, string> =>
  Object.fromEntries(podOf(objects).containers[0].env.map(({ name, value }) => [name, value]))

export const readChart = (path: string): Promise<string> => readFile(join(CHART, path), 'utf8')

/** A part of values.schema.json. */
export interface Schema {
  readonly description?: string
  readonly type?: string
  readonly additionalProperties?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

export const readSchema = async (): Promise<Schema> =>
  JSON.parse(await readChart('values.schema.json')) as Schema
