package io.weir.expose;

import io.weir.expose.Exposition.Place;
import io.weir.snapshot.FamilySnapshot;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Blocks of the bodies of earlier snapshots in one format and encoding, for those to come: a block whose series have not
 * changed is not rendered and packed again. Any thread.
 *
 * <p>Packing costs ten times what comparing does: of a body of a million series of which one block in a hundred has
 * changed, 240 ns a series become 15. A block is found by its first series and then compared in full: names, types, help,
 * texts by their place, values by their bits. So what is found is what rendering would give, byte for byte, and finding is
 * never more than a saving. {@link Exposition} cuts blocks so that they stay the same when others change.
 *
 * <p>Holds at most {@code keptBytesMax} of blocks of each snapshot, twice that when scrapes were broken off, and keeps
 * alive what of the last snapshot they are compared with.
 */
public final class RenderedPieces {
    /** @param to behind the last series, in the last family; its size when the block ends with it */
    private record Piece(
            FamilySnapshot[] families, int[] shapes, int from, int to, byte[] bytes, int plainBytes, int crc, long version) {
        Piece of(FamilySnapshot[] now, int nowFrom, int nowTo, long nowVersion) {
            return new Piece(now, shapes, nowFrom, nowTo, bytes, plainBytes, crc, nowVersion);
        }
    }

    /** A block found: its bytes, and where it ends. */
    record Found(byte[] bytes, int plainBytes, int crc, Place end) {}

    private final ConcurrentHashMap<Long, Piece> pieces = new ConcurrentHashMap<>();
    private final AtomicLong bytes = new AtomicLong();

    /** The block that begins where {@code exposition} is, and is not the last; null when it has to be rendered. */
    Found find(Exposition exposition, long version) {
        Long key = key(exposition);
        Piece piece = key == null ? null : pieces.get(key);
        if (piece == null) {
            return null;
        }
        List<FamilySnapshot> families = exposition.families();
        int count = piece.families.length;
        if (exposition.family + count > families.size()) {
            return null;
        }
        FamilySnapshot[] now = new FamilySnapshot[count];
        int end = 0;
        for (int i = 0; i < count; i++) {
            now[i] = families.get(exposition.family + i);
            FamilySnapshot then = piece.families[i];
            int from = i == 0 ? exposition.series : 0;
            int thenFrom = i == 0 ? piece.from : 0;
            int thenEnd = i == count - 1 ? piece.to : then.size();
            end = from + thenEnd - thenFrom;
            if (end > now[i].size()
                    || (end == now[i].size()) != (thenEnd == then.size())
                    || (from == 0) != (thenFrom == 0)
                    || exposition.shape(exposition.family + i) != piece.shapes[i]
                    || !now[i].hasSame(from, then, thenFrom, thenEnd - thenFrom)) {
                return null;
            }
        }
        int last = exposition.family + count - 1;
        boolean ends = end == now[count - 1].size();
        if (ends && last == families.size() - 1) {
            return null;
        }
        if (piece.version < version) {
            // what it was compared with may go
            pieces.replace(key, piece, piece.of(now, exposition.series, end, version));
        }
        return new Found(piece.bytes, piece.plainBytes, piece.crc, ends ? new Place(last + 1, 0, 0) : new Place(last, end, 0));
    }

    /** Keeps a block that has just been rendered and is not the last, if it begins and ends between two series. */
    void keep(Exposition exposition, Place begin, Place end, byte[] packed, int plainBytes, int crc, long version) {
        Long key = begin.line() == 0 && end.line() == 0 ? key(exposition.families().get(begin.family()), begin) : null;
        if (key == null) {
            return;
        }
        int last = end.series() == 0 ? end.family() - 1 : end.family();
        int count = last - begin.family() + 1;
        FamilySnapshot[] families = new FamilySnapshot[count];
        int[] shapes = new int[count];
        for (int i = 0; i < count; i++) {
            families[i] = exposition.families().get(begin.family() + i);
            shapes[i] = exposition.shape(begin.family() + i);
            if (shapes[i] == Exposition.NO_SHAPE) {
                return;
            }
        }
        int to = end.series() == 0 ? families[count - 1].size() : end.series();
        Piece piece = new Piece(families, shapes, begin.series(), to, packed, plainBytes, crc, version);
        Piece before = pieces.put(key, piece);
        bytes.addAndGet(packed.length - (before == null ? 0 : before.bytes.length));
    }

    /** A reader has come to the end of this version: what it has not come by is forgotten. */
    void ended(long version) {
        pieces.forEach((key, piece) -> {
            if (piece.version < version) {
                forget(key, piece);
            }
        });
    }

    /** A reader has begun: after scrapes that were broken off there may be too much. */
    void begun(long keptBytesMax) {
        if (bytes.get() > 2 * keptBytesMax) {
            pieces.forEach(this::forget);
        }
    }

    private void forget(Long key, Piece piece) {
        if (pieces.remove(key, piece)) {
            bytes.addAndGet(-piece.bytes.length);
        }
    }

    /** Bytes of the blocks kept. */
    public long bytes() {
        return bytes.get();
    }

    private static Long key(Exposition exposition) {
        Place at = exposition.place();
        return at.line() != 0 || at.family() >= exposition.families().size()
                ? null
                : key(exposition.families().get(at.family()), at);
    }

    private static Long key(FamilySnapshot family, Place at) {
        return family.textPlace(at.series()) * 31 + Arrays.hashCode(family.name());
    }
}
