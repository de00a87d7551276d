package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.weir.fuzz.FuzzLimits;
import io.weir.fuzz.FuzzTarget;
import io.weir.sample.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Our reading of HTTP/1.1 beside that of Netty's codec: what is accepted here, it accepts too, with the same method, target,
 * version, fields and body. And beside itself: cut in two, and with heads that are known, it says the same.
 *
 * <p>Stricter on purpose than Netty: one blank between the words of a request line; {@code HTTP/} in capitals and versions of
 * one digit each; no control bytes in front of a method; no folded fields and trailers; a name, and nothing but one, in a
 * chunk extension and no blanks at its end; all that {@link HeadRules} says.
 */
final class CodecTarget implements FuzzTarget {
    private static final Limits LIMITS = FuzzLimits.of("body=300", "headers=8", "header-size=200", "uri=80", "query-parameters=3");
    private static final HttpDecoderConfig NETTY = new HttpDecoderConfig()
            // lengths are ours to refuse: Netty counts those of chunk lines and trailers with the limits of a head
            .setMaxInitialLineLength(1 << 13)
            .setMaxHeaderSize(1 << 13)
            .setMaxChunkSize(1 << 20)
            .setAllowDuplicateContentLengths(false)
            .setStrictLineParsing(true);
    /** In front of a request they are too long a line for Netty. */
    private static final Pattern EMPTY_LINES = Pattern.compile("[\\r\\n]{60}");

    private final List<byte[]> seeds;
    private final List<byte[]> words;
    private final EventLoopContext context = Reading.context();
    private final KnownHeads known = new KnownHeads(LIMITS);

    CodecTarget(List<byte[]> seeds, List<byte[]> words) {
        this.seeds = seeds;
        this.words = words;
    }

    @Override
    public String name() {
        return "codec";
    }

    @Override
    public int weight() {
        return 12;
    }

    @Override
    public List<byte[]> seeds() {
        return seeds;
    }

    @Override
    public List<byte[]> words() {
        return words;
    }

    @Override
    public long run(byte[] input) {
        Reading whole = Reading.of(context, new KnownHeads(LIMITS), input);
        Reading warm = Reading.of(context, known, input);
        must(whole.toString().equals(warm.toString()), "with known heads: " + warm + " instead of " + whole);
        int half = (Arrays.hashCode(input) & 0x7fff_ffff) % (input.length + 1);
        Reading cut = Reading.of(
                context, known, Arrays.copyOf(input, half), Arrays.copyOfRange(input, half, input.length));
        must(whole.requests.toString().equals(cut.requests.toString()) && (whole.refusal == null) == (cut.refusal == null),
                "cut at " + half + ": " + cut + " instead of " + whole);
        if (!EMPTY_LINES.matcher(new String(input, ISO_8859_1)).find()) {
            compare(input, whole);
        }
        return whole.requests.size() * 64L + (whole.refusal == null ? 0 : whole.refusal.ordinal() + 1);
    }

    private static void compare(byte[] input, Reading ours) {
        EmbeddedChannel channel = new EmbeddedChannel(new HttpRequestDecoder(NETTY));
        channel.writeInbound(Unpooled.wrappedBuffer(input));
        List<HttpRequest> heads = new ArrayList<>();
        List<StringBuilder> bodies = new ArrayList<>();
        List<Boolean> ended = new ArrayList<>();
        for (Object message; (message = channel.readInbound()) != null; ReferenceCountUtil.release(message)) {
            if (message instanceof HttpRequest head) {
                heads.add(head);
                bodies.add(new StringBuilder());
                ended.add(false);
            }
            if (message instanceof HttpContent content && !heads.isEmpty()) {
                int last = heads.size() - 1;
                bodies.get(last).append(content.content().toString(ISO_8859_1));
                ended.set(last, content instanceof LastHttpContent && content.decoderResult().isSuccess());
            }
        }
        channel.finishAndReleaseAll();
        for (int i = 0; i < ours.requests.size(); i++) {
            Reading.One one = ours.requests.get(i);
            must(i < heads.size() && heads.get(i).decoderResult().isSuccess(), "Netty refuses " + one);
            HttpRequest head = heads.get(i);
            must(head.method().name().equals(one.method.name()), "another method: " + head.method());
            must(head.uri().equals(one.target) || head.uri().toLowerCase(java.util.Locale.ROOT).startsWith("http"),
                    "another target: " + head.uri());
            must((head.protocolVersion().minorVersion() == 0) == one.http10, "another version");
            List<Map.Entry<String, String>> fields = head.headers().entries();
            must(fields.size() == one.values.size(), "other fields: " + fields);
            for (int f = 0; f < fields.size(); f++) {
                must(fields.get(f).getValue().equals(one.values.get(f)), "another field: " + fields.get(f));
                must(ours.fields.get(i).isLength(f) || head.headers().get(fields.get(f).getKey())
                        .equals(ours.fields.get(i).get(fields.get(f).getKey())), "another value of " + fields.get(f));
            }
            must(!one.isWhole || ended.get(i), "Netty does not end the body of " + one);
            must(!one.isWhole || bodies.get(i).toString().contentEquals(one.body), "another body: " + bodies.get(i));
        }
    }

    private static void must(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
