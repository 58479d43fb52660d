%% Who may connect: as many as the node holds, and nobody while it drains.
%%
%% A connection too many gets a stream error, "resource-constraint", that says when to try again. A node that
%% drains stops listening, so that proxies go to the others, and sends its clients away bit by bit.
-module(mod_admission).

-behaviour(gen_mod).
-behaviour(gen_server).

-export([start/2, stop/1, depends/2, mod_options/1, mod_opt_type/1, mod_doc/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
-export([opened/2, started/2, told/2, ended/2]).
-export([drain/0, undrain/0, connections/0, accepted/0, refused/0]).

-include("ejabberd_commands.hrl").

-define(TICK, 100).
-define(SWEEP, 60000).
-define(READ_BUFFER, 4096).
-define(ACCEPTED, 1).
-define(REFUSED, 2).

%% `portion`: how many are sent away at each tick, 0 if none are.
-record(state, {host, seconds, portion = 0}).

start(Host, Opts) ->
    gen_mod:start_child(?MODULE, Host, Opts).

stop(Host) ->
    gen_mod:stop_child(?MODULE, Host).

depends(_Host, _Opts) ->
    [].

mod_opt_type(connections) -> econf:pos_int();
mod_opt_type(receive_buffer) -> econf:pos_int();
mod_opt_type(drain_seconds) -> econf:pos_int().

mod_options(_Host) ->
    [connections, receive_buffer, {drain_seconds, 600}].

mod_doc() ->
    #{desc => "Refuses connections that the node has no room for."}.

commands() ->
    [#ejabberd_commands{name = drain, tags = [cluster], module = ?MODULE, function = drain,
                        desc = "Take no clients, and send away those that are here",
                        args = [], result = {left, integer}},
     #ejabberd_commands{name = undrain, tags = [cluster], module = ?MODULE, function = undrain,
                        desc = "Take clients again", args = [], result = {res, rescode}}].

hooks(Host) ->
    [{c2s_init, global, opened}, {c2s_stream_started, Host, started}, {c2s_handle_info, Host, told},
     {c2s_terminated, Host, ended}].

init([Host, Opts]) ->
    process_flag(trap_exit, true),
    ets:new(?MODULE, [named_table, public, {write_concurrency, true}]),
    [ets:insert(?MODULE, {Pid}) || {_, Pid, _, _} <- clients(), is_pid(Pid)],
    persistent_term:put(?MODULE, #{most => gen_mod:get_opt(connections, Opts),
                                   buffer => gen_mod:get_opt(receive_buffer, Opts),
                                   drains => atomics:new(1, []),
                                   counts => counters:new(2, [write_concurrency])}),
    [ejabberd_hooks:add(Hook, Where, ?MODULE, Function, 30) || {Hook, Where, Function} <- hooks(Host)],
    ejabberd_commands:register_commands(?MODULE, commands()),
    erlang:send_after(?SWEEP, self(), sweep),
    {ok, #state{host = Host, seconds = gen_mod:get_opt(drain_seconds, Opts)}}.

%% Those who came before a restart of this process. Their supervisor starts with the first listener.
clients() ->
    case whereis(ejabberd_c2s_sup) of
        undefined -> [];
        Supervisor -> supervisor:which_children(Supervisor)
    end.

terminate(_Reason, #state{host = Host}) ->
    [ejabberd_hooks:delete(Hook, Where, ?MODULE, Function, 30) || {Hook, Where, Function} <- hooks(Host)],
    ejabberd_commands:unregister_commands(commands()).

handle_call(drain, _From, #state{seconds = Seconds, portion = 0} = State) ->
    drains(1),
    [ejabberd_listener:delete_listener(At, ejabberd_c2s)
     || {At, ejabberd_c2s, _} <- ejabberd_option:listen()],
    self() ! dismiss,
    {reply, connections(), State#state{portion = ceil((connections() + 1) * ?TICK / 1000 / Seconds)}};
handle_call(drain, _From, State) ->
    {reply, connections(), State};
handle_call(undrain, _From, State) ->
    drains(0),
    ejabberd_listener:config_reloaded(),
    {reply, ok, State#state{portion = 0}}.

handle_cast(_Message, State) ->
    {noreply, State}.

handle_info(dismiss, #state{portion = Portion} = State) when Portion > 0 ->
    case ets:match(?MODULE, {'$1'}, Portion) of
        {Here, _} -> [Pid ! {?MODULE, leave} || [Pid] <- Here];
        '$end_of_table' -> ok
    end,
    erlang:send_after(?TICK, self(), dismiss),
    {noreply, State};
%% A process that was killed has not said goodbye.
handle_info(sweep, State) ->
    [ets:delete(?MODULE, Pid) || [Pid] <- ets:match(?MODULE, {'$1'}), not is_process_alive(Pid)],
    erlang:send_after(?SWEEP, self(), sweep),
    {noreply, State};
handle_info(_Info, State) ->
    {noreply, State}.

%% The VM's own buffer is a small one, read by read: without it, it would be as large as the kernel's.
opened({ok, _} = Accepted, _Opts) ->
    #{buffer := Bytes} = persistent_term:get(?MODULE),
    {links, Links} = process_info(self(), links),
    [inet:setopts(Port, [{recbuf, Bytes}, {buffer, ?READ_BUFFER}]) || Port <- Links, is_port(Port)],
    Accepted;
opened(Refused, _Opts) ->
    Refused.

%% A stream starts anew when its user has logged in: who is in, stays in.
started(State, _Start) ->
    #{most := Most, drains := Drains, counts := Counts} = persistent_term:get(?MODULE),
    In = ets:member(?MODULE, self()),
    case In orelse (atomics:get(Drains, 1) =:= 0 andalso connections() < Most) of
        true when In ->
            State;
        true ->
            ets:insert(?MODULE, {self()}),
            counters:add(Counts, ?ACCEPTED, 1),
            State;
        false ->
            counters:add(Counts, ?REFUSED, 1),
            {stop, ejabberd_c2s:send(State, xmpp:serr_resource_constraint(retry_after(), <<"en">>))}
    end.

%% Not the same for all, or all would be back at the same time.
retry_after() ->
    iolist_to_binary(["retry-after ", integer_to_list(10 + rand:uniform(50))]).

%% A session whose client is away for a moment ends too, and what it has not received goes to storage.
told(#{mgmt_state := pending} = State, {?MODULE, leave}) ->
    ejabberd_c2s:stop_async(self()),
    {stop, State};
told(State, {?MODULE, leave}) ->
    {stop, ejabberd_c2s:send(State, xmpp:serr_system_shutdown(<<"connect again, to another server">>,
                                                              <<"en">>))};
told(State, _Info) ->
    State.

ended(State, _Reason) ->
    ets:delete(?MODULE, self()),
    State.

drain() ->
    call(drain).

undrain() ->
    call(undrain).

call(What) ->
    [Host | _] = ejabberd_option:hosts(),
    gen_server:call(gen_mod:get_module_proc(Host, ?MODULE), What).

drains(Whether) ->
    #{drains := Drains} = persistent_term:get(?MODULE),
    atomics:put(Drains, 1, Whether).

-spec connections() -> non_neg_integer().
connections() ->
    case ets:info(?MODULE, size) of
        undefined -> 0;
        Size -> Size
    end.

%% Both since the node started.
-spec accepted() -> non_neg_integer().
accepted() ->
    counted(?ACCEPTED).

-spec refused() -> non_neg_integer().
refused() ->
    counted(?REFUSED).

counted(What) ->
    case persistent_term:get(?MODULE, none) of
        none -> 0;
        #{counts := Counts} -> counters:get(Counts, What)
    end.
