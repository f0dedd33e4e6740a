# Runs LemonLDAP::NG's portal, unpacked in a folder, on loopback.
# Usage: perl lemonldap_host.pl FOLDER STATE USER PASSWORD ORIGIN. Prints its port; a second factor is asked for while
# there is a file STATE/second_factor.
use strict;
use warnings;
no warnings 'once';
use File::Copy qw(copy);
use File::Path qw(make_path);
use IO::Socket::INET;
use HTTP::Server::PSGI;

our ($folder, $state, $user, $password, $origin) = @ARGV;
utf8::decode($password);
make_path(map { "$state/$_" } qw(conf sessions/lock psessions/lock cache));
open my $ini, '>', "$state/lemonldap-ng.ini" or die $!;
print $ini "[all]\nlogLevel=error\n[configuration]\ntype=File\ndirName=$state/conf\n[portal]\nlanguages=en, fr, de, fi, tr, he, ar, zh_TW\n";
close $ini;
copy("$folder/var/lib/lemonldap-ng/conf/lmConf-1.json", "$state/conf/lmConf-1.json") or die $!;
$ENV{LLNG_DEFAULTCONFFILE} = "$state/lemonldap-ng.ini";

# Its demonstration accounts have their name as password; this one has another.
package Lemonldap::NG::Portal::Auth::Lab;
use Mouse;
use Lemonldap::NG::Portal::Main::Constants qw(PE_OK PE_BADCREDENTIALS);
extends 'Lemonldap::NG::Portal::Auth::Demo';
$INC{'Lemonldap/NG/Portal/Auth/Lab.pm'} = __FILE__;

sub authenticate {
    my ($self, $req) = @_;
    my $given = $req->data->{password};
    utf8::decode($given) unless utf8::is_utf8($given);
    return PE_OK if $req->{user} eq $main::user and $given eq $main::password;
    $self->setSecurity($req);
    return PE_BADCREDENTIALS;
}

# Drawing puzzles takes more of the system's libraries than all the rest.
package Lemonldap::NG::Portal::Plugins::NoCaptcha;
use Mouse;
extends 'Lemonldap::NG::Portal::Main::Plugin';
$INC{'Lemonldap/NG/Portal/Plugins/NoCaptcha.pm'} = __FILE__;
sub init { 1 }

package main;
no warnings 'once';
require Lemonldap::NG::Portal::UserDB::Demo;
%Lemonldap::NG::Portal::UserDB::Demo::demoAccounts = ($user => { uid => $user, cn => 'Ada', mail => $user });
require Lemonldap::NG::Portal::Main;

my %files = (generateModule => 'Lemonldap::NG::Common::Apache::Session::Generate::SHA256');
my $portal = Lemonldap::NG::Portal::Main->run({
    portal => "$origin/", domain => '127.0.0.1', authentication => 'Lab', userDB => 'Demo', passwordDB => 'Null',
    registerDB => 'Null', whatToTrace => 'uid', demoExportedVars => { uid => 'uid', mail => 'mail', cn => 'cn' },
    globalStorage => 'Apache::Session::File', persistentStorage => 'Apache::Session::File',
    globalStorageOptions => { %files, Directory => "$state/sessions", LockDirectory => "$state/sessions/lock" },
    persistentStorageOptions => { Directory => "$state/psessions", LockDirectory => "$state/psessions/lock" },
    localSessionStorage => 'Cache::FileCache',
    localSessionStorageOptions => { namespace => 'lab', cache_root => "$state/cache", default_expires_in => 60, directory_umask => '077', cache_depth => 3 },
    templateDir => "$folder/usr/share/lemonldap-ng/portal/templates", staticPrefix => '/static', portalSkin => 'bootstrap',
    trustedDomains => '*', securedCookie => 0, useSafeJail => 0, loginHistoryEnabled => 0, notification => 0, portalDisplayRegister => 0,
    ext2fActivation => "-e '$state/second_factor'", ext2FSendCommand => '/bin/true', ext2fCodeActivation => '\d{6}',
    captcha => '::Plugins::NoCaptcha', captcha_login_enabled => 0, captcha_mail_enabled => 0, captcha_register_enabled => 0,
    cspFormAction => '*', locationRules => {}, skipRenewConfirmation => 1,
});

my %types = (css => 'text/css', js => 'text/javascript', json => 'application/json', png => 'image/png', svg => 'image/svg+xml',
    woff2 => 'font/woff2', jpg => 'image/jpeg', ico => 'image/x-icon');

# Its links to Debian's own copies of libraries hold for the whole system; here they are in the folder, if anywhere.
sub static {
    my ($path) = @_;
    my $file = $path =~ m{^/javascript/} ? "$folder/usr/share$path" : "$folder/usr/share/lemonldap-ng/portal/htdocs$path";
    my $steps = 0;
    my $at = '';
    for my $part (split m{/}, $file) {
        $at = $at eq '' ? "/$part" : "$at/$part" if $part ne '';
        while (-l $at and $steps++ < 20) {
            my $target = readlink $at;
            $at = $target =~ m{^/} ? (-e "$folder$target" ? "$folder$target" : $target) : ($at =~ s{[^/]+$}{}r) . $target;
        }
    }
    $at =~ s/^\Q$folder\E// unless -e $at;
    return [404, [], []] unless -f $at;
    open my $in, '<:raw', $at or return [404, [], []];
    my ($ending) = $at =~ /\.(\w+)$/;
    return [200, ['content-type' => $types{ $ending // '' } // 'application/octet-stream'], $in];
}

my $probe = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die $!;
my $port = $probe->sockport;
close $probe;
HTTP::Server::PSGI->new(
    host => '127.0.0.1', port => $port, timeout => 60,
    server_ready => sub { local $| = 1; print "$port\n" },
)->run(sub { my $env = shift; $env->{PATH_INFO} =~ m{^/(static|javascript)/} ? static($env->{PATH_INFO}) : $portal->($env) });
