package io.weir.server.remotewrite;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** A transport whose answers a test decides on, at once or by hand. */
final class ScriptedTransport implements Transport {
    final List<Post> posts = new ArrayList<>();
    final List<CompletableFuture<Reply>> replies = new ArrayList<>();
    private final Deque<Function<Post, CompletableFuture<Reply>>> script = new ArrayDeque<>();
    private Function<Post, CompletableFuture<Reply>> otherwise = answer(204);

    @Override
    public CompletableFuture<Reply> send(Post post) {
        posts.add(post);
        CompletableFuture<Reply> reply = (script.isEmpty() ? otherwise : script.poll()).apply(post);
        replies.add(reply);
        return reply;
    }

    @SafeVarargs
    final ScriptedTransport then(Function<Post, CompletableFuture<Reply>>... answers) {
        script.addAll(List.of(answers));
        return this;
    }

    ScriptedTransport then(int... statuses) {
        for (int status : statuses) {
            script.add(answer(status));
        }
        return this;
    }

    ScriptedTransport always(Function<Post, CompletableFuture<Reply>> answer) {
        script.clear();
        otherwise = answer;
        return this;
    }

    /** From the end of the script on. */
    ScriptedTransport afterwards(Function<Post, CompletableFuture<Reply>> answer) {
        otherwise = answer;
        return this;
    }

    ScriptedTransport always(int status) {
        return always(answer(status));
    }

    static Function<Post, CompletableFuture<Reply>> answer(int status) {
        return answer(status, null);
    }

    static Function<Post, CompletableFuture<Reply>> answer(int status, String retryAfter) {
        return post -> {
            boolean isWritten = isV2(post) && status >= 200 && status < 300;
            Written written = isWritten ? new Written(decoded(post).series().size(), 0, 0) : null;
            return CompletableFuture.completedFuture(new Reply(status, retryAfter, null, written, text(status)));
        };
    }

    /** Says so and no more, as a 1.0 receiver does whatever it is sent. */
    static Function<Post, CompletableFuture<Reply>> bare(int status) {
        return post -> CompletableFuture.completedFuture(new Reply(status, null, null, null, text(status)));
    }

    /** Has written that many samples, as it says. */
    static Function<Post, CompletableFuture<Reply>> written(int status, long samples) {
        return post -> CompletableFuture.completedFuture(
                new Reply(status, null, null, new Written(samples, 0, 0), text(status)));
    }

    private static byte[] text(int status) {
        return ("status " + status).getBytes(StandardCharsets.UTF_8);
    }

    static Map<String, String> headers(Post post) {
        Map<String, String> map = new HashMap<>();
        for (int n = 0; n < post.headers().size(); n += 2) {
            if (map.put(post.headers().get(n), post.headers().get(n + 1)) != null) {
                throw new AssertionError("header twice: " + post.headers());
            }
        }
        return map;
    }

    static boolean isV2(Post post) {
        return headers(post).get("X-Prometheus-Remote-Write-Version").equals("2.0.0");
    }

    static Decoded decoded(Post post) {
        return Decoded.ofCompressed(headers(post).get("Content-Type"), post.body());
    }

    /** Refuses each request that holds a series with this key, as Prometheus does. */
    static Function<Post, CompletableFuture<Reply>> refusing(int status, String... keys) {
        return post -> {
            Decoded request = decoded(post);
            for (String key : keys) {
                if (request.keys().contains(key)) {
                    return answer(status).apply(post);
                }
            }
            return answer(204).apply(post);
        };
    }

    static Function<Post, CompletableFuture<Reply>> never() {
        return post -> new CompletableFuture<>();
    }

    static Function<Post, CompletableFuture<Reply>> fail(Exception problem) {
        return post -> CompletableFuture.failedFuture(problem);
    }

    Decoded request(int i) {
        return decoded(posts.get(i));
    }

    /** All samples of the posts from {@code i} on. */
    List<Decoded.Series> seriesFrom(int i) {
        List<Decoded.Series> all = new ArrayList<>();
        for (int n = i; n < posts.size(); n++) {
            all.addAll(request(n).series());
        }
        return all;
    }
}
