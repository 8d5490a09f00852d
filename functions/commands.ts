import type { CcmError } from '../shared/errors.ts'
import { REGISTER_FLAGS } from '../shared/register/flags.ts'
import { type Command, OUTPUT_FLAG, toInputs, toLines } from './command.ts'
import * as FACTS from './command-facts.ts'
import { toErrorOutput } from './terminal/error-text.ts'

/** Every command. What a command needs is imported when it runs: `version` is quick, and `serve` loads no simulator. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    doc: 'Serves the webhooks, works on what they ring for and passes over everything on schedule, until it is told to end (SIGTERM, SIGINT).',
    flags: [],
    settings: true,
    exits: FACTS.SERVE_EXITS,
    async run(line, io) {
      const { runServe } = await import('./serve.ts')
      return runServe(toInputs(line, io), io)
    },
  },
  {
    name: 'resync',
    doc: 'Makes one pass over everything.',
    flags: [
      { name: 'dry-run', doc: 'Shows the plan and changes nothing.' },
      { name: 'full', doc: 'Shows every object, even where the same happens to many.' },
      OUTPUT_FLAG,
    ],
    settings: true,
    busy: 'passing over everything',
    exits: FACTS.RESYNC_EXITS,
    json: FACTS.RESYNC_JSON,
    async run(line, io) {
      const { runResync, toResyncCommand } = await import('./resync-command.ts')
      const { problems, ...command } = toResyncCommand(line)
      return runResync(command, { ...toInputs(line, io), problems }, io)
    },
  },
  {
    name: 'status',
    doc: 'Shows what nodes and Services wait for, which address is whose, what safeguards hold back, and how passes and BMC are. Changes nothing.',
    flags: [OUTPUT_FLAG],
    settings: true,
    busy: 'looking at cluster and BMC',
    exits: FACTS.STATUS_EXITS,
    json: FACTS.STATUS_JSON,
    async run(line, io) {
      const { runStatus, toStatusCommand } = await import('./status-command.ts')
      return runStatus(toStatusCommand(line), toInputs({ ...line, problems: [] }, io), io)
    },
  },
  {
    name: 'register',
    doc: 'Brings service account, role and webhook configuration into the cluster, and what the API server reads from files to where it finds it. Run again, it changes nothing.',
    flags: REGISTER_FLAGS,
    settings: true,
    busy: 'registering',
    exits: FACTS.REGISTER_EXITS,
    json: FACTS.REGISTER_JSON,
    async run({ argv }, io) {
      const { runRegister } = await import('../shared/register/register.ts')
      const { env, readFile, clock, progress } = io
      const fail = (error: CcmError): void => io.err(toErrorOutput(error, argv, io))
      return runRegister(argv, { ...toLines(io), sources: { env, readFile }, clock, progress, fail })
    },
  },
  {
    name: 'doctor',
    doc: 'Looks for what is wrong, a line for each check and what to do about it: settings, BMC, cluster, passes, webhook, nodes, Services, announcer. Changes nothing: what has to be tried is a dry run. Run as an administrator it finds out more than as the handlers.',
    flags: [
      {
        name: 'user',
        value: 'NAME',
        doc: 'Whom the handlers act as; system:serviceaccount:kube-system:cloud-provider-phoenixnap by default.',
      },
      { name: 'timeout', value: 'D', doc: 'Time for one check; 20s by default.' },
      OUTPUT_FLAG,
    ],
    settings: true,
    busy: 'looking at everything',
    exits: FACTS.DOCTOR_EXITS,
    json: FACTS.DOCTOR_JSON,
    async run(line, io) {
      const { runDoctor, toDoctorCommand } = await import('./doctor-command.ts')
      return runDoctor(toDoctorCommand(line), toInputs({ ...line, problems: [] }, io), io)
    },
  },
  {
    name: 'migrate',
    doc: 'The way over from the Go program, and back. Without flags: what is taken over, what is in the way, and the steps; changes nothing. Settings that nobody gave are taken from the Secret and the container of the Go program. Needs the kubeconfig of an administrator.',
    flags: [
      {
        name: 'back',
        doc: 'The way back: adopted and dedicated Services keep their addresses; those that share a block are listed. Shows a plan unless --confirm.',
      },
      {
        name: 'accept-new-addresses',
        doc: 'With --back: goes on although the Services that share a block get new addresses.',
      },
      { name: 'confirm', doc: 'With --back: hands the Services over; without it nothing is changed.' },
      OUTPUT_FLAG,
    ],
    settings: true,
    busy: 'looking at what there is',
    exits: FACTS.MIGRATE_EXITS,
    json: FACTS.MIGRATE_JSON,
    async run(line, io) {
      const { runMigrate, toMigrateCommand } = await import('./migrate-command.ts')
      return runMigrate(toMigrateCommand(line), toInputs({ ...line, problems: [] }, io), io)
    },
  },
  {
    name: 'cleanup',
    doc: 'Gives back the IP blocks that a deleted cluster left behind: all that bear its tags, on whatever public network. Needs the BMC credentials alone. Shows a plan unless --confirm, and refuses while the cluster is alive; broken off or run again, it goes on.',
    flags: [
      {
        name: 'cluster',
        value: 'UID',
        doc: 'What the UID of the namespace kube-system was in that cluster.',
      },
      { name: 'confirm', doc: 'Gives the blocks back; without it nothing is changed.' },
      { name: 'timeout', value: 'D', doc: 'How long it works at the most; 15m by default.' },
      OUTPUT_FLAG,
    ],
    settings: true,
    busy: 'looking for what was left',
    exits: FACTS.CLEANUP_EXITS,
    json: FACTS.CLEANUP_JSON,
    async run(line, io) {
      const { runCleanup, toCleanupCommand } = await import('./cleanup-command.ts')
      const { problems, ...command } = toCleanupCommand(line)
      return runCleanup(command, { ...toInputs(line, io), problems }, io)
    },
  },
  {
    name: 'unregister',
    doc: "The way out of a cluster: takes away webhook configuration and rights first, then finalizers and marks, pools, claims, inventory, Secrets, service account and roles. Services keep their addresses unless --release, and pools that they live on become yours. Shows a plan unless --confirm; broken off or run again, it goes on. Needs an administrator's kubeconfig, and BMC credentials for --release.",
    flags: [
      { name: 'confirm', doc: 'Does it; without it nothing is changed.' },
      {
        name: 'release',
        doc: 'Takes the addresses from the Services as well, then gives all IP blocks of the cluster back.',
      },
      { name: 'timeout', value: 'D', doc: 'How long it gives IP blocks back at the most; 15m by default.' },
      { name: 'full', doc: 'Shows every object, even where the same happens to many.' },
      OUTPUT_FLAG,
    ],
    settings: true,
    busy: 'looking for what is ours',
    exits: FACTS.UNREGISTER_EXITS,
    json: FACTS.UNREGISTER_JSON,
    async run(line, io) {
      const { runUnregister, toUnregisterCommand } = await import('./unregister-command.ts')
      const { problems, ...command } = toUnregisterCommand(line)
      return runUnregister(command, { ...toInputs(line, io), problems }, io)
    },
  },
  {
    name: 'simulate',
    doc: 'Runs the BMC API simulator alone, with the credentials sim-client and sim-secret.',
    flags: [
      { name: 'port', value: 'N', doc: 'Port on 127.0.0.1; 0 takes any free one. 8080 by default.' },
      {
        name: 'servers',
        value: 'N',
        doc: 'Servers to begin with, called node-1, node-2 and so on. 3 by default.',
      },
      {
        name: 'networks',
        value: 'N',
        doc: 'Public networks to begin with, each with one IP block. 1 by default.',
      },
      OUTPUT_FLAG,
    ],
    settings: false,
    exits: FACTS.SIMULATE_EXITS,
    json: FACTS.SIMULATE_JSON,
    async run(line, io) {
      const { runSimulateCommand } = await import('./simulate.ts')
      return runSimulateCommand(line, io)
    },
  },
  {
    name: 'demo',
    doc: 'Tells a story on both simulators with the real program between them, and goes on until it is told to end.',
    flags: [{ name: 'once', doc: 'Ends with the story.' }],
    settings: false,
    exits: FACTS.DEMO_EXITS,
    async run(line, io) {
      const { runDemoCommand } = await import('./demo.ts')
      return runDemoCommand(line, io)
    },
  },
  {
    name: 'completion',
    doc: 'Writes a script that completes commands, flags and their values in bash, zsh or fish: see the guide.',
    flags: [],
    settings: false,
    argument: { name: 'SHELL', values: FACTS.SHELLS },
    exits: FACTS.COMPLETION_EXITS,
    async run(line, io) {
      const { runCompletion } = await import('./completion-command.ts')
      return runCompletion(line, COMMANDS, io)
    },
  },
  {
    name: 'version',
    doc: 'Prints the version: the release tag and the commit.',
    flags: [
      { name: 'licences', doc: 'Prints the licences of everything that is in this program instead.' },
      OUTPUT_FLAG,
    ],
    settings: false,
    exits: FACTS.VERSION_EXITS,
    json: FACTS.VERSION_JSON,
    async run(line, io) {
      const { runVersion } = await import('./version-command.ts')
      return runVersion(line, io)
    },
  },
]
