%% No OAuth: without this, ejabberd keeps tokens in a table on disc, which a chat server has not
%% (oauth_db_type "none").
-module(ejabberd_oauth_none).

-behaviour(ejabberd_oauth).

-export([init/0, store/1, lookup/1, revoke/1, clean/1, use_cache/0]).

init() ->
    ok.

use_cache() ->
    false.

store(_Token) ->
    {error, not_allowed}.

lookup(_Token) ->
    error.

revoke(_Token) ->
    {error, <<"not_found">>}.

clean(_TimeStamp) ->
    ok.
