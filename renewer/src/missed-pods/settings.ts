import { parseRegistryHosts } from '@ecr-pull-secrets/server/admission/registry-hosts-setting.ts';
import { parsedBy } from '@ecr-pull-secrets/shared/configuration.ts';
import * as z from 'zod';
import { parseLabelSelector } from '../pull-secrets/cache/label-selector.ts';

/** `missedPods` of `CONFIG_FILE`: which pods the injection changes, as its own settings say. Without it nothing looks for pods. */
export const missedPodsSchema = z.strictObject({
  /** Whether pods that cannot pull are evicted, if their controller creates them again. */
  evict: z.boolean().default(false),
  /** Namespaces that opted in, but whose pods the injection never changes. */
  exceptNamespaces: z.array(z.string()).default([]),
  /** The labels of the pods, as `kubectl -l` takes them. */
  podSelector: parsedBy(parseLabelSelector).prefault(''),
  /** As `REGISTRY_HOSTS` of the webhook. */
  registryHosts: parsedBy(parseRegistryHosts).prefault(''),
  /** As `INJECT_ALL` of the webhook. */
  injectAll: z.boolean().default(false),
});

export type MissedPodsSettings = Readonly<z.output<typeof missedPodsSchema>>;
