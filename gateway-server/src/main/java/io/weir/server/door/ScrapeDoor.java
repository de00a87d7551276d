package io.weir.server.door;

import io.weir.expose.ByteBlock;
import io.weir.expose.Exposition;
import io.weir.expose.ExpositionFormat;
import io.weir.expose.NameEscaping;
import io.weir.expose.RenderedPieces;
import io.weir.expose.RenderedSnapshot;
import io.weir.expose.RenderedSnapshot.Encoding;
import io.weir.expose.ZstdFrame;
import io.weir.server.http.Answer;
import io.weir.server.http.BodySource;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.QueryReader;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import io.weir.snapshot.Snapshot;
import io.weir.store.StoreCommands;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * {@code GET /metrics}: a snapshot that has every push acknowledged before, in the {@link ScrapeFormat} that Accept asks
 * for, or as JSON by {@code ?format=json}; gzip or zstd by {@code Accept-Encoding}; {@code ?name[]=} for some families
 * only, by their names as they are shown. Scrapes of equal snapshots share one rendering for each format and encoding, and
 * where there are names that are not classic for each form of them, made when first asked for. Any thread.
 */
final class ScrapeDoor implements Door {
    private static final String VARY = "Accept, Accept-Encoding";

    private final StoreCommands commands;
    private final boolean created;
    private final AtomicReference<Rendered> last = new AtomicReference<>();
    private final AtomicReferenceArray<RenderedPieces> pieces =
            new AtomicReferenceArray<>(Rendered.NAMES * Rendered.FORMATS * Rendered.ENCODINGS);

    /** @param created whether OpenMetrics has {@code _created} samples that nobody has pushed */
    ScrapeDoor(StoreCommands commands, boolean created) {
        this.commands = commands;
        this.created = created;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        if (responder.context().isCrowded()) {
            // those that ask for a snapshot at the same time share it
            responder.context().gather(() -> responder.later(() -> ask(request, responder)));
        } else {
            ask(request, responder);
        }
        return Exchange.NONE;
    }

    private void ask(Request request, Responder responder) {
        boolean accepted =
                commands.snapshot(snapshot -> responder.later(() -> answer(snapshot, request, responder)));
        if (!accepted) {
            Refuse.busy(responder);
        }
    }

    private void answer(Snapshot snapshot, Request request, Responder responder) {
        boolean json = "json".equals(request.parameter("format"));
        ScrapeFormat asked = json ? ScrapeFormat.JSON : ScrapeFormat.of(request.header("accept"));
        ExpositionFormat format = created && asked.format() == ExpositionFormat.OPEN_METRICS
                ? ExpositionFormat.OPEN_METRICS_CREATED
                : asked.format();
        List<String> names = names(request);
        if (!names.isEmpty()) {
            responder.stream(
                    Answer.head(200, asked.contentType(), "Vary", VARY),
                    new Filtered(snapshot, format.open(asked.names().apply(snapshot), names)));
            return;
        }
        Encoding encoding = encoding(request);
        Rendered forms = rendered(snapshot);
        NameEscaping form = forms.isEscapingNeeded ? asked.names() : NameEscaping.NONE;
        RenderedSnapshot rendered = forms.get(format, form, encoding);
        String etag = rendered.etag(form);
        if (matches(request.header("if-none-match"), etag)) {
            responder.send(Answer.empty(304, "ETag", etag, "Vary", VARY));
            return;
        }
        Answer head = encoding == Encoding.IDENTITY
                ? Answer.head(200, asked.contentType(), "ETag", etag, "Vary", VARY)
                : Answer.head(200, asked.contentType(), "ETag", etag, "Vary", VARY,
                        "Content-Encoding", encoding.token());
        responder.stream(head, new Whole(rendered));
    }

    private static Encoding encoding(Request request) {
        int gzip = request.encodingQuality("gzip");
        int zstd = request.encodingQuality("zstd");
        if (zstd > 0 && zstd >= gzip && ZstdFrame.isAvailable()) {
            return Encoding.ZSTD;
        }
        return gzip > 0 ? Encoding.GZIP : Encoding.IDENTITY;
    }

    private static List<String> names(Request request) {
        List<String> names = new ArrayList<>();
        String query = request.query();
        if (query != null) {
            QueryReader reader = new QueryReader(query, 0);
            while (reader.next()) {
                if ("name[]".equals(reader.name()) && reader.value() != null) {
                    names.add(reader.value());
                }
            }
        }
        return names;
    }

    /** RFC 9110 13.1.2: a list of tags, compared weakly, or {@code *}. */
    private static boolean matches(String field, String etag) {
        if (field == null) {
            return false;
        }
        for (String tag : field.split(",")) {
            String t = tag.trim();
            if (t.equals("*") || t.equals(etag) || t.equals("W/" + etag)) {
                return true;
            }
        }
        return false;
    }

    private Rendered rendered(Snapshot snapshot) {
        Rendered current = last.get();
        if (current != null && current.version == snapshot.version()) {
            return current;
        }
        Rendered fresh = new Rendered(snapshot, pieces);
        if (current == null || current.version < snapshot.version()) {
            last.compareAndSet(current, fresh);
        }
        return fresh;
    }

    /** The forms of one snapshot, each made when first asked for. */
    private static final class Rendered {
        private static final int ENCODINGS = Encoding.values().length;
        private static final int FORMATS = ExpositionFormat.values().length;
        private static final int NAMES = NameEscaping.values().length;

        private final Snapshot snapshot;
        private final long version;
        private final boolean isEscapingNeeded;
        private final AtomicReferenceArray<Snapshot> snapshots = new AtomicReferenceArray<>(NAMES);
        private final AtomicReferenceArray<RenderedSnapshot> forms;
        private final AtomicReferenceArray<RenderedPieces> pieces;

        Rendered(Snapshot snapshot, AtomicReferenceArray<RenderedPieces> pieces) {
            this.snapshot = snapshot;
            this.pieces = pieces;
            this.version = snapshot.version();
            this.isEscapingNeeded = NameEscaping.isNeeded(snapshot);
            this.forms = new AtomicReferenceArray<>((isEscapingNeeded ? NAMES : 1) * FORMATS * ENCODINGS);
        }

        RenderedSnapshot get(ExpositionFormat format, NameEscaping names, Encoding encoding) {
            int i = (names.ordinal() * FORMATS + format.ordinal()) * ENCODINGS + encoding.ordinal();
            RenderedSnapshot form = forms.get(i);
            if (form == null) {
                pieces.compareAndSet(i, null, new RenderedPieces());
                forms.compareAndSet(i, null, new RenderedSnapshot(named(names), format, encoding, pieces.get(i)));
                form = forms.get(i);
            }
            return form;
        }

        private Snapshot named(NameEscaping names) {
            if (names == NameEscaping.NONE) {
                return snapshot;
            }
            Snapshot named = snapshots.get(names.ordinal());
            if (named == null) {
                snapshots.compareAndSet(names.ordinal(), null, names.apply(snapshot));
                named = snapshots.get(names.ordinal());
            }
            return named;
        }
    }

    private static final class Whole implements BodySource {
        private final RenderedSnapshot rendered;
        private final RenderedSnapshot.Reader reader;
        private long given;

        Whole(RenderedSnapshot rendered) {
            this.rendered = rendered;
            this.reader = rendered.open();
        }

        @Override
        public byte[] next() {
            byte[] block = reader.next();
            given += block == null ? 0 : reader.blockLength();
            return block;
        }

        @Override
        public Object shares() {
            return rendered;
        }

        @Override
        public long sharedBytes() {
            return valueBytes(rendered.snapshot()) + Math.min(
                    given,
                    rendered.encoding() == Encoding.IDENTITY
                            ? RenderedSnapshot.KEPT_PLAIN_BYTES_MAX
                            : RenderedSnapshot.KEPT_BYTES_MAX);
        }

        @Override
        public int blockLength() {
            return reader.blockLength();
        }

        @Override
        public long length() {
            return rendered.length();
        }

        @Override
        public void close() {
            reader.close();
        }
    }

    /** A snapshot shares all with others but the values. */
    private static long valueBytes(Snapshot snapshot) {
        return (long) Double.BYTES * snapshot.series();
    }

    /** Some families, rendered for one scrape. */
    private static final class Filtered implements BodySource {
        private final Snapshot snapshot;
        private final Exposition exposition;
        private final ByteBlock block = new ByteBlock(Exposition.BLOCK_BYTES);
        private boolean more = true;

        Filtered(Snapshot snapshot, Exposition exposition) {
            this.snapshot = snapshot;
            this.exposition = exposition;
        }

        @Override
        public Object shares() {
            return snapshot;
        }

        @Override
        public long sharedBytes() {
            return valueBytes(snapshot);
        }

        @Override
        public byte[] next() {
            if (!more) {
                return null;
            }
            block.clear();
            more = exposition.next(block);
            return block.array();
        }

        @Override
        public int blockLength() {
            return block.length();
        }
    }
}
