import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NAME } from '../shared/kubernetes/names.ts'
import { CHART, findHelm, NO_HELM, renderChart } from './helm.ts'

/** Prints what is made from other files: the roles of the chart, and the plain manifest. Run by `npm run manifest`. */

export const MANIFEST = join(import.meta.dirname, 'manifest/cloud-provider-phoenixnap.yaml')

/** Roles as templates: the file that is applied by `register`, and when the chart holds it. */
const ROLES = [
  { file: 'rbac', condition: '.Values.rbac.create' },
  {
    file: 'rbac-self',
    condition: 'and .Values.rbac.create (or .Values.webhook.register (include "ccm.keepsSecret" .))',
  },
] as const

const MANIFEST_HEAD = `\
# Everything that runs the controller in a cluster, as the chart makes it with its default values.
# Printed by \`npm run manifest\` from infra/chart/cloud-provider-phoenixnap. Before it is applied, the credentials have to
# be there: docs/guides/run-in-the-cluster.md.
`
/** Labels that speak of Helm: nobody installs a release here, and `register` writes the same objects as the program's. */
const HELM_LABELS = /^ +(?:helm\.sh\/chart|app\.kubernetes\.io\/instance): .*\n/gm
const HELM = /^( +app\.kubernetes\.io\/managed-by): Helm$/gm

/** Templates by path in the chart. */
export async function toRoleTemplates(): Promise<ReadonlyMap<string, string>> {
  const templates = new Map<string, string>()
  for (const { file, condition } of ROLES) {
    const text = await readFile(join(import.meta.dirname, `${file}.yaml`), 'utf8')
    templates.set(`templates/${file}.yaml`, toTemplate(file, text, condition))
  }
  return templates
}

/** The objects as they are, with the labels of the chart. */
function toTemplate(file: string, text: string, condition: string): string {
  const labelled = text.replaceAll(
    /^metadata:\n {2}name: .*\n/gm,
    metadata =>
      `${metadata}  labels:\n    {{- include "ccm.labels" . | nindent 4 }}\n    app.kubernetes.io/component: access\n`,
  )
  return `{{- /* Printed by \`npm run manifest\` from infra/${file}.yaml. */}}
{{- if ${condition} }}
${labelled.trimEnd()}
{{- end }}
`
}

/** The plain manifest from what Helm prints of the chart. */
export const toManifest = (rendered: string): string =>
  MANIFEST_HEAD +
  rendered
    .replaceAll(HELM_LABELS, '')
    .replaceAll(HELM, `$1: ${NAME}`)
    .replaceAll(/^# Source: .*\n/gm, '')
    .replaceAll(/\n{2,}/g, '\n')

async function main(): Promise<void> {
  for (const [path, text] of await toRoleTemplates()) await writeFile(join(CHART, path), text)
  const helm = findHelm()
  if (!helm) throw new Error(NO_HELM)
  await writeFile(MANIFEST, toManifest(renderChart(helm)))
}

if (import.meta.main) await main()
