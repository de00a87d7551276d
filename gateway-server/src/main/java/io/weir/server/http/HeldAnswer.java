package io.weir.server.http;

/** One answer in an {@link Output} that must not leave yet, with what is left of its request. Event loop only. */
final class HeldAnswer implements Promise {
    HttpFront front;

    /** Where it lies in the gathered output. */
    int position;

    int length;
    boolean isTrue;
    long ticket;
    OnDisk then;

    int handler;
    Method method;
    Fields fields;
    boolean http10;
    boolean keepAlive;
    int status;
    long startedNanos;

    @Override
    public void keep() {
        front.keep(this);
    }

    @Override
    public void keepOnDisk(long awaited, OnDisk told) {
        ticket = awaited;
        then = told;
        front.context().awaitDisk(this);
    }

    /** The wait for the disk is over. */
    void onDisk(boolean durable) {
        OnDisk told = then;
        then = null;
        if (durable) {
            keep();
        } else {
            breakOff();
        }
        if (told != null) {
            told.settled(durable);
        }
    }

    @Override
    public void replace(Answer answer) {
        front.replace(this, answer);
    }

    @Override
    public void replace(int newStatus, String detail, String... headers) {
        Request request = new Request();
        request.reset(method, fields);
        front.replace(this, ErrorAnswer.of(newStatus, detail, request, headers));
    }

    @Override
    public void breakOff() {
        front.breakOff(this);
    }
}
