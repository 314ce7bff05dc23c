import { type OthersWebhook, startOthersWebhook } from './others-webhook.ts';

/** A validating webhook of another product that denies every secret, without a code of its own. */
export function startDenyingWebhook(message: string): Promise<OthersWebhook> {
  return startOthersWebhook(() => ({ allowed: false, status: { message } }));
}
