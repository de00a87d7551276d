package io.weir.server.remotewrite;

import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;

/**
 * HTTP/1.1 by the JDK's client, TLS with the default trust store; redirects are not followed. Any thread.
 *
 * <p>The client's own timeout ends with the header of an answer, so the sender watches over the whole exchange itself and
 * cancels it.
 */
final class HttpTransport implements Transport, AutoCloseable {
    private final ExecutorService executor = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "weir-remote-write-http");
        thread.setDaemon(true);
        return thread;
    });

    private final HttpClient client;

    HttpTransport(Duration connectTimeout) {
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(connectTimeout)
                .executor(executor)
                .build();
    }

    @Override
    public CompletableFuture<Reply> send(Post post) {
        HttpRequest request = HttpRequest.newBuilder(post.url())
                .timeout(post.timeout())
                .headers(post.headers().toArray(String[]::new))
                .POST(BodyPublishers.ofByteArray(post.body()))
                .build();
        CompletableFuture<Reply> reply = new CompletableFuture<>();
        var exchange = client.sendAsync(request, info -> new Beginning(info.statusCode(), info.headers()));
        exchange.whenComplete((response, problem) -> {
            if (problem != null) {
                reply.completeExceptionally(problem);
            } else {
                reply.complete(response.body());
            }
        });
        reply.whenComplete((r, problem) -> {
            if (reply.isCancelled()) {
                exchange.cancel(true);
            }
        });
        return reply;
    }

    @Override
    public void close() {
        executor.shutdown();
    }

    /** Keeps the beginning of a body and closes the connection when there is more than that. */
    private static final class Beginning implements BodySubscriber<Reply> {
        private final CompletableFuture<Reply> result = new CompletableFuture<>();
        private final int status;
        private final HttpHeaders headers;
        private byte[] body = {};
        private Flow.Subscription subscription;

        private Beginning(int status, HttpHeaders headers) {
            this.status = status;
            this.headers = headers;
        }

        @Override
        public CompletionStage<Reply> getBody() {
            return result;
        }

        @Override
        public void onSubscribe(Flow.Subscription s) {
            subscription = s;
            s.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer b : buffers) {
                int n = Math.min(b.remaining(), REPLY_BYTES_MAX - body.length);
                body = Arrays.copyOf(body, body.length + n);
                b.get(body, body.length - n, n);
            }
            if (body.length == REPLY_BYTES_MAX) {
                subscription.cancel();
                onComplete();
            }
        }

        @Override
        public void onError(Throwable problem) {
            result.completeExceptionally(problem);
        }

        @Override
        public void onComplete() {
            result.complete(new Reply(
                    status,
                    headers.firstValue("Retry-After").orElse(null),
                    headers.firstValue("Location").orElse(null),
                    Written.of(headers::firstValue),
                    body));
        }
    }
}
