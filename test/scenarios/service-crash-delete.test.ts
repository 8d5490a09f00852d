import t from 'tap'
import { crashEverywhere } from './_crash.ts'
import { DELETED } from './_crash-stories.ts'

t.setTimeout(400_000)

crashEverywhere(t, DELETED)
