// Opens vectors with Node.js alone (node:crypto, node:zlib): docs/spec/envelope.md §13, steps 1-6.
// Usage: node open_first_vector.mjs participants.json vector.json...
// Prints one line a vector, "<sha256 of the payload> <file>", and fails at the first that does not open.
import crypto from "node:crypto";
import fs from "node:fs";
import zlib from "node:zlib";

const fail = (why) => { throw new Error(why); };
const cat = (...parts) => Buffer.concat(parts.map((p) => (typeof p === "string" ? Buffer.from(p, "latin1") : p)));
const h = (...parts) => crypto.createHash("sha256").update(cat(...parts)).digest();
const hmac = (key, data) => crypto.createHmac("sha256", key).update(data).digest();
const kdf = (key, ...info) => hmac(key, cat(...info, "\x01"));
const uint = (value, size) => Buffer.from(BigInt(value).toString(16).padStart(size * 2, "0"), "hex");
const lp = (text) => cat(uint(text.length, 2), text);

// Avro, by hand: a cursor and one function for each structure (§4).
class Cursor {
  constructor(data) { this.data = data; this.at = 0; }
  take(size) {
    if (size < 0 || this.at + size > this.data.length) fail("cut short");
    this.at += size;
    return this.data.subarray(this.at - size, this.at);
  }
  long() {
    let zigzag = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.take(1)[0];
      zigzag |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0n) fail("not the shortest varint");
        return zigzag & 1n ? -((zigzag + 1n) / 2n) : zigzag / 2n;
      }
    }
  }
  int() { return Number(this.long()); }
  bytes() { return this.take(this.int()); }
  text() { return new TextDecoder("utf-8", { fatal: true }).decode(this.bytes()); }
  bool() { const byte = this.take(1)[0]; return byte > 1 ? fail("not a boolean") : byte === 1; }
  option(read) { const branch = this.int(); return branch === 0 ? null : branch === 1 ? read() : fail("no such branch"); }
  array(read) {
    const found = [];
    const count = this.int();
    if (count < 0) fail("a block with its size");
    for (let i = 0; i < count; i++) found.push(read());
    if (count > 0 && this.int() !== 0) fail("more than one block");
    return found;
  }
  end(value) { return this.at === this.data.length ? value : fail("bytes after the end"); }
}

function readEnvelope(data) {
  const c = new Cursor(data);
  if (c.take(4).toString("latin1") !== "HDX1") fail("magic");
  const digest = () => c.take(32);
  const proof = () => ({ index: c.int(), size: c.int(), path: c.array(digest) });
  const signature = () => ({ suite: c.text(), value: c.bytes(), proof: c.option(proof) });
  const seal = () => ({ statement: c.bytes(), signature: signature() });
  return c.end({ protected: c.bytes(), ciphertext: c.bytes(), seals: c.array(seal) });
}

function readHeader(data) {
  const c = new Cursor(data);
  const digest = () => c.take(32);
  return c.end({
    suite: c.text(), messageId: c.take(16), kind: c.text(), source: c.text(), destination: c.text(),
    conversation: c.take(16), inReplyTo: c.option(digest), order: c.option(digest),
    resource: c.option(() => c.text()), rosterPart: c.option(() => c.int()), fragment: c.int(), last: c.bool(),
    created: c.long(), expires: c.long(), payloadSchema: digest(), compression: c.text(),
    subjectCount: c.int(), commitment: digest(),
    extensions: c.array(() => ({ id: c.text(), critical: c.bool(), data: c.bytes() })),
  });
}

function readStatement(data) {
  const c = new Cursor(data);
  const recipient = () => ({ suite: c.text(), key: c.take(32), epochStart: c.long(), epoch: c.bytes(), wrapped: c.bytes() });
  const line = () => ({ line: c.int(), resource: c.text(), items: c.array(() => c.text()), due: c.long() });
  return c.end({
    role: c.text(), signer: c.take(32), prev: c.take(32), from: c.text(), to: c.text(),
    received: c.long(), forwarded: c.long(), directoryVersion: c.long(), recipients: c.array(recipient),
    order: c.option(() => ({ application: c.take(32), lines: c.array(line) })),
  });
}

function aesOpen(key, nonce, data, aad) {
  const decipher = crypto.createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAAD(aad);
  decipher.setAuthTag(data.subarray(-16));
  return cat(decipher.update(data.subarray(0, -16)), decipher.final());
}

// HPKE base mode, single shot: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM (RFC 9180).
function hpkeOpen(privateNumber, sealed, info) {
  const kem = "KEM\x00\x10", suite = "HPKE\x00\x10\x00\x01\x00\x02";
  const extract = (id, salt, label, ikm) => hmac(salt.length ? salt : Buffer.alloc(32), cat("HPKE-v1", id, label, ikm));
  const expand = (id, prk, label, context, size) => kdf(prk, uint(size, 2), "HPKE-v1", id, label, context).subarray(0, size);
  const none = Buffer.alloc(0), enc = sealed.subarray(0, 65);
  const ecdh = crypto.createECDH("prime256v1");
  ecdh.setPrivateKey(privateNumber);
  const prk = extract(kem, none, "eae_prk", ecdh.computeSecret(enc));
  const shared = expand(kem, prk, "shared_secret", cat(enc, ecdh.getPublicKey()), 32);
  const context = cat("\x00", extract(suite, none, "psk_id_hash", none), extract(suite, none, "info_hash", info));
  const secret = extract(suite, shared, "secret", none);
  const key = expand(suite, secret, "key", context, 32);
  return aesOpen(key, expand(suite, secret, "base_nonce", context, 12), sealed.subarray(65), none);
}

function rootOf(leaf, proof) {
  if (proof === null) return { size: 1, root: leaf };
  let fn = proof.index, sn = proof.size - 1, root = leaf;
  for (const sibling of proof.path) {
    if (fn & 1 || fn === sn) {
      root = h("\x01", sibling, root);
      while (fn && !(fn & 1)) { fn >>= 1; sn >>= 1; }
    } else {
      root = h("\x01", root, sibling);
    }
    fn >>= 1; sn >>= 1;
  }
  return sn === 0 ? { size: proof.size, root } : fail("a path of the wrong length");
}

function open(vector, keys) {
  const envelope = readEnvelope(Buffer.from(vector.envelope, "base64"));
  const header = readHeader(envelope.protected), digest = h(envelope.protected);
  let prev = h("hedui/body/1", digest, h(envelope.ciphertext)), mine = null;
  for (const { statement: bytes, signature } of envelope.seals) {
    const statement = readStatement(bytes);
    if (!statement.prev.equals(prev)) fail("the chain is broken");
    prev = h("hedui/chain/1", prev, h(bytes));
    const signer = keys.get(statement.signer.toString("hex"));
    if (signer.owner !== statement.from || signer.use !== "signing") fail("another's key");
    const { size, root } = rootOf(h("\x00hedui/stmt/1", bytes), signature.proof);
    const head = cat("hedui/head/1", lp(signature.suite), statement.signer, uint(size, 4), root);
    const key = { key: Buffer.from(signer.public_key, "base64"), format: "der", type: "spki" };
    const verifying = { ...key, dsaEncoding: "ieee-p1363" };
    if (!crypto.verify("sha256", head, verifying, signature.value)) fail("a bad signature");
    for (const recipient of statement.recipients) {
      const reader = keys.get(recipient.key.toString("hex"));
      if (reader.owner === vector.me && reader.held) mine ??= { recipient, statement, reader };
    }
  }
  const { recipient, statement, reader } = mine ?? fail("no key for me");
  const both = cat(lp(recipient.suite), statement.signer, recipient.key);
  const info = cat("hedui/epoch/1", both, uint(recipient.epochStart, 8));
  const epochSecret = hpkeOpen(Buffer.from(reader.private_number, "hex"), recipient.epoch, info);
  const kek = kdf(epochSecret, "hedui/kek/1", both, h(recipient.epoch), digest);
  const nonce = Buffer.alloc(12);
  const secret = aesOpen(kek, nonce, recipient.wrapped, Buffer.alloc(0));
  if (!kdf(secret, "hedui/commit/1", header.messageId).equals(header.commitment)) fail("not the committed secret");
  const plaintext = aesOpen(kdf(secret, "hedui/body-key/1", digest), nonce, envelope.ciphertext, digest);
  const data = plaintext.subarray(4, 4 + plaintext.readUInt32BE(0));
  return header.compression === "deflate" ? zlib.inflateRawSync(data) : data;
}

const [participants, ...vectors] = process.argv.slice(2);
const listed = JSON.parse(fs.readFileSync(participants)).directory.participants;
const keys = new Map(listed.flatMap((p) => p.keys.map((key) => [key.id, { ...key, owner: p.id }])));
for (const file of vectors) {
  console.log(h(open(JSON.parse(fs.readFileSync(file)), keys)).toString("hex"), file);
}
