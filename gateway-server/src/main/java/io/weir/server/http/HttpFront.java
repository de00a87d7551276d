package io.weir.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.weir.sample.Limits;
import io.weir.server.auth.Access;
import io.weir.server.auth.Denial;
import io.weir.server.auth.Guard;
import io.weir.server.auth.Outcome;
import io.weir.server.auth.Scope;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection: takes up what {@link RequestReader} finds, gives each good request's body to its door, writes answers in
 * the order of the requests. Event loop only, except {@link #later}.
 *
 * <pre>
 *            head good                    body complete            answered
 *     HEAD ------------> BODY ------------------------> ANSWER ----------------> HEAD
 *       |                 | answered early: SKIP the rest, then HEAD
 *       | a password has to be verified: GUARD, then BODY or SKIP
 *       +-----------------+-- refused, or the last answer of the connection --> LINGER --> closed
 * </pre>
 *
 * <ul>
 *   <li>A request is answered by its door, or the connection ends; so a late answer never meets a later request.
 *   <li>While an answer is outstanding, or the peer does not read, what has been read waits (at most {@code
 *       Limits.pipelinedRequests} requests of it) and nothing more is read from the socket.
 *   <li>A long body is worked on when {@link Turns} lets it, and waits as well until then.
 *   <li>Answers are gathered and flushed once per read. An answer may be held back until what it says is true; requests
 *       that write are taken up meanwhile, all others wait.
 *   <li>Whatever the server itself refuses ends the connection: it answers, drops what still comes up to {@code
 *       Limits.Http.lingerBytes}, and closes, so that the rest of a body is never taken for a request (RFC 9112 9.6).
 * </ul>
 */
final class HttpFront extends ChannelInboundHandlerAdapter implements Responder {
    private static final Logger LOG = LoggerFactory.getLogger(HttpFront.class);

    private static final byte[] CONTINUE = ascii("HTTP/1.1 100 Continue\r\n\r\n");
    private static final byte[] CLOSE = ascii("Connection: close\r\n");
    private static final byte[] KEEP_ALIVE = ascii("Connection: keep-alive\r\n");
    private static final byte[] NOTHING = {};
    private static final byte[] LINE_END = ascii("\r\n");

    /** A declared body of up to here costs less than being put off would save. */
    private static final int SHORT_BODY = 4 << 10;

    /** What one read may bring beyond what has been asked for. */
    private static final int READ_MAX = 64 << 10;

    private enum Phase {
        HEAD,
        GUARD,
        BODY,
        SKIP,
        ANSWER,
        LINGER
    }

    private final EventLoopContext context;
    private final RouteTable routes;
    private final Limits limits;
    private final AllowedHosts hosts;
    private final Access access;
    private final RequestReader reader;
    private final HeadReader head;
    private final Request request = new Request();
    private final BodyBuffer body = new BodyBuffer();
    private final DurationBatch durations;
    private final Admission admission = new Admission();
    private final StreamedAnswer stream = new StreamedAnswer();

    private ChannelHandlerContext ctx;
    private Output out;
    private int place;
    private Phase phase = Phase.HEAD;
    private boolean inputClosed;
    private boolean closed;

    // the current request
    private Guard guard;
    private RouteTable.Endpoint endpoint;
    private Exchange exchange;
    private BodyInflater inflater;
    private boolean keepAlive;
    private boolean bodyComplete;
    private boolean answered;
    private long startedNanos;
    private long bodyBytes;
    private long booked;
    private boolean isLong;
    private boolean opened;

    // what has been read and waits for an answer to get out
    private boolean isBacklog;
    private int lateRequests;

    // waiting for its turn
    private boolean waitsForTurn;
    private long waitsSince;
    private long waitingBytes;

    // answers on their way out
    private boolean pumpPlanned;
    private boolean ending;
    private boolean lingers;
    private boolean broken;
    /** In the list of fronts that {@link EventLoopContext} settles. */
    boolean changed;

    // time
    private boolean hasRead;
    private long readNanos;
    private long sinceNanos;
    private boolean headStarted = true;
    private long windowBytes;
    /** Made once an answer has had to wait for the peer. */
    private AnswerPace pace;

    HttpFront(EventLoopContext context, RouteTable routes, Limits limits, AllowedHosts hosts, Access access) {
        this.context = context;
        this.routes = routes;
        this.limits = limits;
        this.hosts = hosts;
        this.access = access;
        this.reader = new RequestReader(context, context.heads(limits));
        this.head = reader.head;
        this.durations = new DurationBatch(context);
    }

    int place() {
        return place;
    }

    void place(int place) {
        this.place = place;
    }

    @Override
    public EventLoopContext context() {
        return context;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        this.ctx = ctx;
        this.out = new Output(ctx);
        SocketAddress remote = ctx.channel().remoteAddress();
        request.remote(remote instanceof InetSocketAddress address ? address : null);
        sinceNanos = context.nanoTime();
        context.join(this);
    }

    // ---------------------------------------------------------------------------------------------- reading

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf data = (ByteBuf) message;
        try {
            if (phase == Phase.LINGER) {
                hearOut(data.readableBytes());
                return;
            }
            if (!hasRead) {
                hasRead = true;
                readNanos = context.nanoTime();
            }
            if (waitsForTurn) {
                bookWaiting(data.readableBytes());
            }
            reader.add(data);
        } finally {
            data.release();
        }
        if (!takeUp()) {
            ctx.channel().config().setAutoRead(false);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        hasRead = false;
        flush();
    }

    /** Takes up what has been read; false when some of it has to wait. */
    private boolean takeUp() {
        try {
            while (reader.hasMore()) {
                if (mustWait()) {
                    return leave();
                }
                if (mustTakeTurns()) {
                    awaitTurn();
                    return leave();
                }
                switch (reader.next()) {
                    case HEAD -> {
                        if (mustSettle()) {
                            reader.leaveHead();
                            return leave();
                        }
                        head();
                    }
                    case BODY -> content(reader.body);
                    case NOTHING -> {}
                }
            }
        } finally {
            reader.input.keep();
        }
        isBacklog = false;
        if (phase == Phase.HEAD && !headStarted && !reader.input.isEmpty()) {
            headStarted = true;
            sinceNanos = context.nanoTime();
        }
        return true;
    }

    /** Leaves the rest of what has been read for later. */
    private boolean leave() {
        if (!isBacklog) {
            isBacklog = true;
            lateRequests = 0;
        }
        return false;
    }

    /** Passes over what comes after the last request. */
    private void hearOut(int bytes) {
        // A close with input unread resets the connection, and the peer never sees why it was refused: whoever sends no
        // more than a body may have is heard out, within limits.linger-time.
        bodyBytes += bytes;
        if (bodyBytes > limits.bodyBytes()) {
            closeNow();
        }
    }

    /** Whether an answer has to get out before the next message is taken up. */
    private boolean mustWait() {
        return waitsForTurn || phase == Phase.ANSWER || phase == Phase.GUARD || out.isStalled()
                || out.held() >= limits.pipelinedRequests();
    }

    /** Whether more of the body has to wait for others. */
    private boolean mustTakeTurns() {
        return phase == Phase.BODY && isLong && !context.turns().mayWork();
    }

    private void awaitTurn() {
        waitsForTurn = true;
        bookWaiting(reader.input.length());
        ctx.channel().config().setAutoRead(false);
        if (opened) {
            context.turns().awaitNext(this);
        } else {
            context.turns().awaitFirst(this);
        }
    }

    private void bookWaiting(int bytes) {
        waitingBytes += bytes;
        context.bookAnyway(bytes);
    }

    void waitsSince(long nanos) {
        waitsSince = nanos;
    }

    long waitsSince() {
        return waitsSince;
    }

    boolean isClosed() {
        return closed;
    }

    /** The event loop has time for more of this body, which may have been answered meanwhile. */
    void takeTurn() {
        if (endsWaiting()) {
            if (phase == Phase.BODY) {
                sinceNanos = context.nanoTime();
                if (!opened) {
                    open();
                }
            }
            resume();
            flush();
        }
    }

    /** The body has waited for too long and will not be worked on. */
    void missTurn() {
        if (endsWaiting()) {
            if (phase == Phase.BODY) {
                shed();
            }
            resume();
            flush();
        }
    }

    /** Whether there is still somebody. */
    private boolean endsWaiting() {
        waitsForTurn = false;
        context.unbook(waitingBytes);
        waitingBytes = 0;
        return !closed;
    }

    /** Turned away; a connection whose body is short may come again. */
    private void shed() {
        context.recorder().refused(Refusal.OVERLOAD);
        fail(Refusal.OVERLOAD.status(), Refusal.OVERLOAD.text(limits), advice(Refusal.OVERLOAD));
    }

    /** Requests that read or delete shall see what those before them have written. */
    private boolean mustSettle() {
        return out.isHolding() && (head.method == null || !head.method.writes());
    }

    /** Goes on with what waits; reads on when there is nothing. */
    private void resume() {
        if (!takeUp() || mustWait() || closed) {
            return;
        }
        if (inputClosed) {
            end(false);
        }
        ctx.channel().config().setAutoRead(true);
    }

    private void head() {
        startedNanos = readNanos;
        sinceNanos = readNanos;
        bodyComplete = false;
        bodyBytes = 0;
        windowBytes = 0;
        body.clear();

        guard = access.guard();
        boolean isTooLate = isBacklog && ++lateRequests > limits.pipelinedRequests();
        Refusal refusal = isTooLate ? Refusal.PIPELINE : head.refusal;
        if (refusal != null) {
            refuse(refusal);
            return;
        }
        phase = Phase.BODY;
        keepAlive = head.fields.keepAlive && !context.draining();
        head.line.route(routes);
        request.reset(head.line, head.fields, head.length);
        RouteTable.Place place = head.line.place;
        endpoint = place == null ? null : place.endpoint(request.method());
        if (isMisdirected()) {
            refuse(Refusal.HOST);
            return;
        }
        if (guard == null || isAdmitted(place)) {
            goIn(place);
        }
    }

    /** Whether it is for a host that is not ours. Probes, which come by address, are told how we are in any case. */
    private boolean isMisdirected() {
        return !hosts.isEvery()
                && (endpoint == null || endpoint.scope() != Scope.OPEN)
                && !hosts.contains(head.host());
    }

    /** Whether the request may go on now; if not it has been answered, or {@link #decided} will be called. */
    private boolean isAdmitted(RouteTable.Place place) {
        if (request.method() == Method.OPTIONS && endpoint == null) {
            return true;
        }
        Scope scope = endpoint == null ? null : endpoint.scope();
        if (scope == Scope.OPEN) {
            return true;
        }
        Guard asked = guard;
        String field = request.header("authorization");
        Outcome outcome = admission.again(asked, scope, field);
        if (outcome == null) {
            InetSocketAddress peer = request.remote();
            phase = Phase.GUARD;
            outcome = asked.check(scope, field, peer == null ? null : peer.getAddress(),
                    late -> later(() -> decided(asked, field, late, place)));
            if (outcome == Outcome.LATER) {
                return false;
            }
            phase = Phase.BODY;
        }
        return admit(asked, field, outcome);
    }

    private boolean admit(Guard asked, String field, Outcome outcome) {
        if (outcome.denial() != null) {
            Denial denial = outcome.denial();
            fail(denial.status(), denial.detail(), denial.headers());
            return false;
        }
        if (outcome.principal() != null) {
            admission.remember(asked, field, outcome.principal());
            request.principal(outcome.principal().name());
        }
        return true;
    }

    private void decided(Guard asked, String field, Outcome outcome, RouteTable.Place place) {
        phase = Phase.BODY;
        sinceNanos = context.nanoTime();
        if (admit(asked, field, outcome)) {
            goIn(place);
        }
    }

    /** Nobody objects: the door takes over. */
    private void goIn(RouteTable.Place place) {
        if (place == null && !head.line.target.equals("*")) {
            fail(404, "nothing is here; the doors are: " + routes.listing());
            return;
        }
        if (endpoint == null) {
            notAllowed(place);
            return;
        }
        request.restAt(place.restAt());
        if (head.length > 0 && !context.hasRoom(head.length)) {
            refuse(Refusal.IN_FLIGHT);
            return;
        }
        HeadRules.Coding coding = head.fields.coding;
        isLong = head.length < 0 || head.length > SHORT_BODY || coding != HeadRules.Coding.IDENTITY;
        opened = false;
        if (!isLong || context.turns().mayWork()) {
            open();
        } else if (context.turns().isTooLong()) {
            shed();
        } else if (!context.hasRoom(READ_MAX)) {
            refuse(Refusal.IN_FLIGHT);
        } else {
            awaitTurn();
        }
    }

    private void open() {
        opened = true;
        if (head.fields.expectContinue && head.length != 0) {
            out.append(CONTINUE);
        }
        if (head.fields.coding != HeadRules.Coding.IDENTITY) {
            inflater = BodyInflater.of(head.fields.coding, context, limits);
        }
        try {
            Exchange asked = endpoint.door().open(request, this);
            exchange = phase == Phase.BODY ? asked : null;
            if (exchange == Exchange.NONE) {
                // a body that nobody wants is neither unpacked nor put off, whether it comes before the answer or after it
                releaseBody();
                isLong = false;
            }
        } catch (RuntimeException | AssertionError bug) {
            broken(bug);
        }
    }

    private void notAllowed(RouteTable.Place place) {
        String allow = place == null ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : place.allow();
        if (request.method() == Method.OPTIONS) {
            send(Answer.empty(204, "Allow", allow));
        } else {
            fail(405, request.method() + " is not allowed here; allowed are " + allow, "Allow", allow);
        }
    }

    private void content(BodyReader piece) {
        int n = piece.length;
        bodyBytes += n;
        windowBytes += n;
        if (phase == Phase.BODY) {
            if (piece.refusal != null) {
                refuse(piece.refusal);
            } else if (bodyBytes > limits.bodyBytes()) {
                refuse(Refusal.BODY_TOO_LARGE);
            } else {
                try {
                    body(reader.input.array, piece.at, n, piece.isLast);
                } catch (RuntimeException | AssertionError bug) {
                    broken(bug);
                }
            }
        } else if (phase == Phase.SKIP) {
            if (piece.refusal != null || bodyBytes > limits.http().lingerBytes()) {
                end(true);
            } else if (piece.isLast) {
                bodyComplete = true;
                if (stream.isDue()) {
                    startStream();
                } else {
                    next();
                }
            }
        }
    }

    private void body(byte[] data, int offset, int n, boolean last) {
        if (n > 0) {
            if (inflater == null) {
                body.feed(data, offset, n, context, exchange);
            } else {
                inflate(data, offset, n);
            }
        }
        if (phase != Phase.BODY) {
            return;
        }
        if (!last) {
            hold();
            return;
        }
        Refusal refusal = inflater == null || bodyBytes == 0 ? null : inflater.atEnd();
        if (refusal != null) {
            refuse(refusal);
            return;
        }
        body.offerRest(exchange);
        if (phase != Phase.BODY) {
            return;
        }
        bodyComplete = true;
        releaseBody();
        phase = Phase.ANSWER;
        body.end(exchange);
        if (phase == Phase.ANSWER) {
            ctx.channel().config().setAutoRead(false);
        }
    }

    private void inflate(byte[] data, int offset, int n) {
        inflater.input(data, offset, n);
        while (phase == Phase.BODY && body.inflate(inflater, context, exchange)) {
            // each round delivers a piece
        }
        if (phase == Phase.BODY && inflater.refusal() != null) {
            refuse(inflater.refusal());
        }
    }

    /** Books what an unfinished body keeps in memory: its remainder here and what the door has staged of it. */
    private void hold() {
        long taken = inflater == null ? bodyBytes : inflater.given() + inflater.windowBytes();
        long more = taken + body.held() - booked;
        if (more > 0) {
            if (context.book(more)) {
                booked += more;
            } else {
                refuse(Refusal.IN_FLIGHT);
            }
        }
    }

    private void releaseBody() {
        context.unbook(booked);
        booked = 0;
        if (inflater != null) {
            inflater.close(context);
            inflater = null;
        }
    }

    // ---------------------------------------------------------------------------------------------- answering

    @Override
    public void send(Answer answer) {
        if (begin(answer.status())) {
            write(answer);
            finish();
        }
    }

    @Override
    public void send(String contentType, byte[] bytes, int offset, int length) {
        if (begin(200)) {
            out.append(ascii("HTTP/1.1 200 OK\r\nContent-Type: " + contentType + "\r\nContent-Length: " + length + "\r\n"));
            endHead();
            if (request.method() != Method.HEAD) {
                out.append(bytes, offset, length);
            }
            finish();
        }
    }

    @Override
    public void fail(int status, String detail, String... headers) {
        send(ErrorAnswer.of(status, detail, request, headers));
    }

    @Override
    public void stream(Answer head, BodySource source) {
        if (!begin(head.status())) {
            source.close();
            return;
        }
        stream.set(head, context.hold(source));
        if (bodyComplete) {
            startStream();
        } else {
            skip();
        }
    }

    @Override
    public Promise promise(Answer answer) {
        assert bodyComplete && phase == Phase.ANSWER && !answered;
        HeldAnswer held = context.heldAnswer(this);
        held.handler = handler();
        held.method = request.method();
        held.fields = request.fields();
        held.http10 = request.http10();
        held.keepAlive = keepAlive;
        held.startedNanos = startedNanos;
        held.status = answer.status();
        out.holdBegins(held);
        write(answer);
        out.holdEnds(held);
        answered = true;
        if (keepAlive) {
            next();
        } else {
            end(false);
        }
        return held;
    }

    void keep(HeldAnswer held) {
        if (!closed) {
            held.isTrue = true;
            context.changed(this);
        }
    }

    void replace(HeldAnswer held, Answer answer) {
        if (!closed && !broken) {
            held.status = answer.status();
            byte[] ending = held.keepAlive ? held.http10 ? KEEP_ALIVE : NOTHING : CLOSE;
            byte[] own = ownHeaders() == null ? NOTHING : ownHeaders();
            out.replace(held, Answer.concat(answer.head(), own, ending, LINE_END, answer.body()));
        }
    }

    void breakOff(HeldAnswer held) {
        if (!closed && out.isHolding(held)) {
            out.cut(held);
            broken = true;
            phase = Phase.LINGER;
            context.changed(this);
        }
    }

    @Override
    public void breakOff() {
        if (!closed && !answered) {
            answered = true;
            flush();
            closeNow();
        }
    }

    /** Some of the answers held back have become true, or never will. */
    void settle() {
        if (closed) {
            return;
        }
        for (HeldAnswer held; (held = out.release()) != null; ) {
            context.recorder().answered(held.handler, held.method, held.status);
            durations.add(held.handler, held.startedNanos);
            context.giveBack(held);
        }
        if (broken) {
            flush();
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        if (ending && !out.isHolding()) {
            writeEnd();
            return;
        }
        if (isBacklog || !ctx.channel().config().isAutoRead()) {
            resume();
        }
        flush();
    }

    @Override
    public void later(Runnable task) {
        try {
            ctx.executor().execute(() -> {
                if (!closed && !answered) {
                    runLater(task);
                }
            });
        } catch (RejectedExecutionException stopped) {
            LOG.debug("an answer came after the event loop had stopped");
        }
    }

    private void runLater(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | AssertionError bug) {
            broken(bug);
        }
        resume();
        flush();
    }

    /** False when the answer is not wanted any more. */
    private boolean begin(int status) {
        if (closed || answered || phase == Phase.HEAD || phase == Phase.LINGER) {
            return false;
        }
        answered = true;
        bodyComplete |= head.length == 0;
        // A long rest of the body is not worth reading for the sake of the connection.
        keepAlive &= bodyComplete || head.length <= limits.http().lingerBytes();
        context.recorder().answered(handler(), request.method(), status);
        return true;
    }

    private int handler() {
        return endpoint == null ? 0 : endpoint.id();
    }

    private void write(Answer answer) {
        if (keepAlive && !request.http10() && request.method() != Method.HEAD && ownHeaders() == null) {
            out.append(answer.whole());
            return;
        }
        out.append(answer.head());
        endHead();
        if (request.method() != Method.HEAD) {
            out.append(answer.body());
        }
    }

    /** Header fields that the operator wants with every answer. */
    private byte[] ownHeaders() {
        return guard == null ? null : guard.headers();
    }

    private void endHead() {
        byte[] own = ownHeaders();
        if (own != null) {
            out.append(own);
        }
        if (!keepAlive) {
            out.append(CLOSE);
        } else if (request.http10()) {
            out.append(KEEP_ALIVE);
        }
        out.append(LINE_END);
    }

    /** The answer is written in full. */
    private void finish() {
        durations.add(handler(), startedNanos);
        if (!keepAlive) {
            end(!bodyComplete);
        } else if (bodyComplete) {
            next();
        } else {
            skip();
        }
    }

    /** Answered before the body was complete: its rest is passed over. */
    private void skip() {
        releaseBody();
        exchange = null;
        phase = Phase.SKIP;
    }

    private void next() {
        phase = Phase.HEAD;
        exchange = null;
        endpoint = null;
        answered = false;
        headStarted = false;
        sinceNanos = readNanos;
        if (context.draining()) {
            end(false);
        }
    }

    private void startStream() {
        phase = Phase.ANSWER;
        keepAlive &= stream.begin(out, request.http10());
        endHead();
        if (request.method() == Method.HEAD) {
            stream.close();
            finish();
        } else {
            pump();
        }
    }

    /** Writes blocks while the peer takes them; gives way to other connections between turns. */
    private void pump() {
        try {
            StreamedAnswer.State state = stream.pump(out, ctx.channel());
            if (state == StreamedAnswer.State.DONE) {
                finish();
            } else if (state == StreamedAnswer.State.TURN_OVER) {
                planPump();
            }
        } catch (RuntimeException | AssertionError bug) {
            LOG.error("streaming an answer failed", bug);
            closeNow();
        }
    }

    /**
     * Goes on in a later turn of the event loop: never from within a write, whose caller is not done. Due at once, which is
     * after the sockets have been looked at; what is given to the loop as a task comes before that. A peer that keeps up makes
     * the channel writable again with each write, so with tasks nobody else was served until the whole answer was out: pushes
     * waited 300 ms for the gzip scrape of a million series.
     */
    private void planPump() {
        if (!pumpPlanned) {
            pumpPlanned = true;
            ctx.executor().schedule(this::pumpOn, 0, TimeUnit.NANOSECONDS);
        }
    }

    private void pumpOn() {
        pumpPlanned = false;
        if (closed) {
            return;
        }
        out.resumed();
        if (stream.isOpen() && !stream.isDue()) {
            pump();
        }
        resume();
        flush();
    }

    /** The server refuses: answer when that is still possible, and end the connection. */
    private void refuse(Refusal refusal) {
        context.recorder().refused(refusal);
        abandon();
        if (!answered) {
            answered = true;
            keepAlive = false;
            if (phase == Phase.HEAD) {
                request.reset(head.method, null);
                startedNanos = readNanos;
            }
            context.recorder().answered(handler(), request.method(), refusal.status());
            write(ErrorAnswer.of(refusal.status(), refusal.text(limits), request, advice(refusal)));
            durations.add(handler(), startedNanos);
        }
        end(true);
    }

    private static String[] advice(Refusal refusal) {
        return switch (refusal.status()) {
            case 415 -> new String[] {"Accept-Encoding", HeadRules.codings()};
            case 429, 503 -> new String[] {"Retry-After", "1"};
            default -> new String[0];
        };
    }

    /** A bug of ours: the request is lost, the process is not. */
    private void broken(Throwable bug) {
        LOG.error("{} {} failed", request.method(), endpoint == null ? "" : endpoint.handler(), bug);
        refuse(Refusal.SERVER_ERROR);
    }

    /** Lets go of everything the current request holds; its exchange hears of it unless it has answered. */
    private void abandon() {
        Exchange open = exchange;
        exchange = null;
        releaseBody();
        stream.close();
        if (open != null && !answered) {
            try {
                open.abort();
            } catch (RuntimeException | AssertionError bug) {
                LOG.error("abort failed", bug);
            }
        }
    }

    // ---------------------------------------------------------------------------------------------- output

    private void flush() {
        durations.record();
        out.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable() && (out.isStalled() || stream.isOpen())) {
            planPump();
        }
    }

    // ---------------------------------------------------------------------------------------------- ending

    /**
     * Ends the connection after what has been written.
     *
     * @param linger whether the peer may still be sending; closing at once would reset the connection and could destroy
     *               the answer on its way
     */
    private void end(boolean linger) {
        phase = Phase.LINGER;
        keepAlive = false;
        bodyBytes = 0;
        abandon();
        reader.drop();
        sinceNanos = context.nanoTime();
        lingers = linger;
        ending = true;
        if (out.isHolding()) {
            flush();
        } else {
            writeEnd();
        }
    }

    private void writeEnd() {
        ending = false;
        flush();
        ChannelFuture written = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER);
        if (lingers && ctx.channel() instanceof DuplexChannel channel) {
            ctx.channel().config().setAutoRead(true);
            SslHandler tls = ctx.pipeline().get(SslHandler.class);
            if (tls == null) {
                written.addListener(done -> channel.shutdownOutput());
            } else {
                tls.closeOutbound().addListener(done -> channel.shutdownOutput());
            }
        } else {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    void closeNow() {
        ctx.close();
    }

    /**
     * Resets the connection of a peer that does not read: the kernel would go on to offer it what it has been handed, and
     * TLS its farewell.
     */
    private void cutOff() {
        Channel channel = ctx.channel();
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        channel.unsafe().close(channel.voidPromise());
    }

    /** The server stops: the current answer is the last one. */
    void drain() {
        if (phase == Phase.HEAD) {
            end(false);
        } else {
            keepAlive = false;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closed = true;
        if (waitsForTurn) {
            leaveTurns();
        }
        abandon();
        reader.drop();
        out.drop();
        context.leave(this);
    }

    private void leaveTurns() {
        endsWaiting();
        if (!opened) {
            context.turns().gone();
        }
    }

    /** The peer will send nothing more; it may still read its answers. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputClosed = true;
            if (phase == Phase.HEAD && head.isWithin()) {
                readNanos = sinceNanos;
                refuse(Refusal.BAD_REQUEST);
            } else if (!mustWait() && !isBacklog) {
                end(false);
            }
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // a failed handshake is an SSLException, which its handler wraps
        if (!(cause instanceof IOException) && !(cause.getCause() instanceof IOException)) {
            LOG.error("connection of {} failed", ctx.channel().remoteAddress(), cause);
        }
        closeNow();
    }

    // ---------------------------------------------------------------------------------------------- time

    boolean hasPartialHead() {
        return phase == Phase.HEAD && headStarted;
    }

    /** Called by the sweep of the event loop. */
    void checkTime(long now) {
        if (closed || isCut(now)) {
            return;
        }
        if (waitsForTurn) {
            sinceNanos = now;
            return;
        }
        long waited = now - sinceNanos;
        switch (phase) {
            case HEAD -> {
                if (headStarted && waited > TimeUnit.SECONDS.toNanos(limits.headerSeconds())) {
                    readNanos = sinceNanos;
                    refuse(Refusal.HEADER_TIMEOUT);
                } else if (waited > TimeUnit.SECONDS.toNanos(limits.idleSeconds())) {
                    closeNow();
                }
            }
            case BODY, SKIP -> {
                if (waited > TimeUnit.SECONDS.toNanos(limits.http().bodyWindowSeconds())) {
                    if (windowBytes < limits.http().bodyWindowBytes()) {
                        refuse(Refusal.BODY_TIMEOUT);
                    }
                    windowBytes = 0;
                    sinceNanos = now;
                }
            }
            case LINGER -> {
                if (pace != null && pace.waits() || out.isHolding()) {
                    sinceNanos = now;
                } else if (waited > TimeUnit.SECONDS.toNanos(limits.http().lingerSeconds())) {
                    closeNow();
                }
            }
            default -> {}
        }
    }

    /** Closes when the peer takes too little of what waits for it, or others need what its answer holds. */
    private boolean isCut(long now) {
        ChannelOutboundBuffer buffer = ctx.channel().unsafe().outboundBuffer();
        long pending = buffer == null ? 0 : buffer.totalPendingWriteBytes() - buffer.currentProgress();
        if (pending == 0 && pace == null) {
            return false;
        }
        if (pace == null) {
            pace = new AnswerPace(limits.http());
        }
        Cut cut = pace.look(now, out.sent(), pending);
        if (cut == null && stream.isRevoked()) {
            cut = Cut.UNREAD;
        }
        if (cut != null) {
            context.recorder().cut(cut);
            cutOff();
        }
        return cut != null;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(ISO_8859_1);
    }
}
