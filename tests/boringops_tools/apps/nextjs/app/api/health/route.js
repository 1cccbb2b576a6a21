export const dynamic = "force-dynamic";

export function GET() {
  return Response.json({ ok: Boolean(process.env.PAYMENT_API_KEY) });
}
