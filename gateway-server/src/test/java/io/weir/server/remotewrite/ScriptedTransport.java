package io.weir.server.remotewrite;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
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

    ScriptedTransport then(Function<Post, CompletableFuture<Reply>> answer) {
        script.add(answer);
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

    ScriptedTransport always(int status) {
        return always(answer(status));
    }

    static Function<Post, CompletableFuture<Reply>> answer(int status) {
        return answer(status, null);
    }

    static Function<Post, CompletableFuture<Reply>> answer(int status, String retryAfter) {
        byte[] body = ("status " + status).getBytes(StandardCharsets.UTF_8);
        return post -> CompletableFuture.completedFuture(new Reply(status, retryAfter, null, body));
    }

    /** Refuses each request that holds a series with this key, as Prometheus does. */
    static Function<Post, CompletableFuture<Reply>> refusing(int status, String... keys) {
        return post -> {
            Decoded request = Decoded.ofCompressed(post.body());
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
        return Decoded.ofCompressed(posts.get(i).body());
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
