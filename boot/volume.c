// SPDX-License-Identifier: BSD-2-Clause
#include "volume.h"

#include <errno.h>
#include <stdbool.h>

#include "pages.h"

#define NAME_MAX_LEN 256

/* A fixed part, then the name. */
union info {
	EFI_FILE_INFO file;
	uint8_t room[sizeof(EFI_FILE_INFO) + 2 * NAME_MAX_LEN];
};

int ofl_volume_open(struct ofl_volume *vol, EFI_SYSTEM_TABLE *st, EFI_HANDLE loader)
{
	EFI_GUID image_guid = LOADED_IMAGE_PROTOCOL;
	EFI_GUID fs_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_BOOT_SERVICES *bs = st->BootServices;
	EFI_LOADED_IMAGE *image;
	EFI_FILE_IO_INTERFACE *fs;

	if (EFI_ERROR(bs->HandleProtocol(loader, &image_guid, (void **)&image)) ||
	    EFI_ERROR(bs->HandleProtocol(image->DeviceHandle, &fs_guid, (void **)&fs)) ||
	    EFI_ERROR(fs->OpenVolume(fs, &vol->root)))
		return -ENODEV;
	return 0;
}

static int open_file(struct ofl_volume *vol, const char *name, EFI_FILE_HANDLE *file,
		     union info *info)
{
	EFI_GUID guid = EFI_FILE_INFO_ID;
	CHAR16 wide[NAME_MAX_LEN];
	UINTN size = sizeof(*info);
	EFI_STATUS status;
	unsigned int i;

	for (i = 0; name[i]; i++) {
		if (i == NAME_MAX_LEN - 1)
			return -ENOENT;
		wide[i] = name[i] == '/' ? '\\' : (CHAR16)(unsigned char)name[i];
	}
	wide[i] = 0;
	status = vol->root->Open(vol->root, file, wide, EFI_FILE_MODE_READ, 0);
	if (status == EFI_NOT_FOUND)
		return -ENOENT;
	if (EFI_ERROR(status))
		return -EIO;
	status = (*file)->GetInfo(*file, &guid, &size, info);
	if (EFI_ERROR(status)) {
		(*file)->Close(*file);
		return -EIO;
	}
	return 0;
}

int ofl_volume_read(struct ofl_volume *vol, const char *name, size_t max,
		    struct ofl_blob *blob)
{
	EFI_FILE_HANDLE file;
	union info info;
	size_t done = 0;
	int err;

	err = open_file(vol, name, &file, &info);
	if (err)
		return err;
	err = -EISDIR;
	if (info.file.Attribute & EFI_FILE_DIRECTORY)
		goto out;
	err = -EFBIG;
	if (info.file.FileSize > max)
		goto out;
	err = -ENOMEM;
	blob->len = info.file.FileSize;
	blob->data = ofl_pages_get(EfiLoaderData, blob->len + 1, OFL_PAGES_BELOW_ANY);
	if (!blob->data)
		goto out;
	err = 0;
	while (!err && done < blob->len) {
		UINTN n = blob->len - done;

		if (EFI_ERROR(file->Read(file, &n, blob->data + done)) || !n)
			err = -EIO;
		else
			done += n;
	}
out:
	file->Close(file);
	return err;
}

static bool plain_name(const CHAR16 *wide, char *name)
{
	unsigned int i;

	for (i = 0; wide[i]; i++) {
		if (i == NAME_MAX_LEN - 1 || wide[i] < ' ' || wide[i] > '~')
			return false;
		name[i] = (char)wide[i];
	}
	name[i] = '\0';
	return true;
}

int ofl_volume_list(struct ofl_volume *vol, const char *dir,
		    int (*fn)(void *arg, const char *name), void *arg)
{
	EFI_FILE_HANDLE file;
	char name[NAME_MAX_LEN];
	union info info;
	int err;

	err = open_file(vol, dir, &file, &info);
	if (err)
		return err;
	while (!err) {
		UINTN size = sizeof(info);

		if (EFI_ERROR(file->Read(file, &size, &info)))
			err = -EIO;
		if (err || !size)
			break;
		if (!(info.file.Attribute & EFI_FILE_DIRECTORY) &&
		    plain_name(info.file.FileName, name))
			err = fn(arg, name);
	}
	file->Close(file);
	return err;
}
