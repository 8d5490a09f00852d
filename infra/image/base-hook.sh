#!/bin/sh
# Run by mmdebstrap when the packages are unpacked in the folder $1: copies what the program needs into its folder
# keep/, which alone goes into the image. No shell, no package manager, no OpenSSL: Node brings its own.
# Nothing is deleted here: the host's /sys and /dev are mounted in that folder.
set -eu
cd "$1"
mkdir keep

# What the dynamic linker of either architecture needs to start Node, and to find hosts by DNS.
cp -a --parents lib/*/ld-linux*.so.* lib/*/lib[cm].so.6 lib/*/libdl.so.2 lib/*/libpthread.so.0 lib/*/librt.so.1 \
  lib/*/libgcc_s.so.1 lib/*/libresolv.so.2 lib/*/libnss_dns.so.2 lib/*/libnss_files.so.2 \
  usr/lib/*/libstdc++.so.6* usr/lib/*/libatomic.so.1* keep
for linker in lib64/ld-linux* lib/ld-linux*; do
  if [ -e "$linker" ] || [ -L "$linker" ]; then cp -a --parents "$linker" keep; fi
done
# What the distribution is called, and the licences of what is kept.
cp -a --parents etc/os-release usr/lib/os-release usr/share/common-licenses keep

# One file a package, where scanners look when there is no dpkg.
mkdir -p keep/var/lib/dpkg/status.d
for deb in var/cache/apt/archives/*.deb; do
  name=$(dpkg-deb --field "$deb" Package)
  case $name in
    base-files | ca-certificates | gcc-*-base | libatomic1 | libc6 | libgcc-s1 | libstdc++6)
      dpkg-deb --field "$deb" >"keep/var/lib/dpkg/status.d/$name"
      # Some packages have a link to the folder of another one here.
      if [ -L "usr/share/doc/$name" ]; then
        cp -a --parents "usr/share/doc/$name" keep
      else
        cp -a --parents "usr/share/doc/$name/copyright" keep
      fi
      ;;
  esac
done

# The scripts that would write these files are not run.
mkdir -p keep/etc/ssl/certs keep/tmp
chmod 1777 keep/tmp
LC_ALL=C
export LC_ALL
cat usr/share/ca-certificates/mozilla/*.crt >keep/etc/ssl/certs/ca-certificates.crt
printf '%s\n' 'root:x:0:0:root:/:/nonexistent' 'nonroot:x:65532:65532:nonroot:/:/nonexistent' >keep/etc/passwd
printf '%s\n' 'root:x:0:' 'nonroot:x:65532:' >keep/etc/group
printf '%s\n' 'hosts: files dns' >keep/etc/nsswitch.conf
