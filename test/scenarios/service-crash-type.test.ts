import t from 'tap'
import { crashEverywhere } from './_crash.ts'
import { TURNED } from './_crash-stories.ts'

t.setTimeout(400_000)

crashEverywhere(t, TURNED)
